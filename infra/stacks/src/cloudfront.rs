//! `infra/cloudfront.yaml`: CloudFront in front of the function URLs, so that browsers see one domain.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use shared::auth::Access;
use shared::auth::routes::ROUTES;

use crate::functions::Function;
use crate::patterns::{Pattern, patterns};

/// The function that answers unknown paths with 404.
const FALLBACK: &str = "health";

const HEAD: &str = r#"# One domain before the functions. Written by `cargo stacks` from the routes; a test holds it to them.
# Sessions need it: a `__Host-` cookie belongs to one host, and function URLs are many. Jobs are not behind it,
# because nobody but the schedule and operators starts them.
# CloudFront gives a distribution 75 cache behaviours and 100 origins (25 of each in accounts whose quotas are
# old; both are raised for the asking). What is used here is counted by a test.
AWSTemplateFormatVersion: "2010-09-09"
Description: "justonce: one domain before all functions"

Parameters:
  Domain:
    Type: String
    Description: The one domain.
  CertificateArn:
    Type: String
    Description: Its certificate, in us-east-1.
  SecretsName:
    Type: String
    Description: The secret of the functions; ORIGIN_VERIFY_SECRET in it is what this proves itself with.
  Revision:
    Type: String
    Description: A new word has that secret read again.
"#;

const DISTRIBUTION: &str = r#"
Resources:
  # A function URL sees CloudFront's address and no other, and limits count addresses. Whatever a client sends in
  # this header is written over; the secret beside it, which only an origin gets, says that it was.
  Client:
    Type: AWS::CloudFront::Function
    Properties:
      Name: !Sub "${AWS::StackName}-client"
      AutoPublish: true
      FunctionConfig: {Comment: Says who asks., Runtime: cloudfront-js-2.0}
      FunctionCode: |
        function handler(event) {
          event.request.headers['x-viewer-ip'] = {value: event.viewer.ip};
          return event.request;
        }
  Distribution:
    Type: AWS::CloudFront::Distribution
    Metadata:
      checkov:
        skip:
          - {id: CKV_AWS_68, comment: Limits are counted per caller by the functions; a web ACL costs more than the rest of the service.}
          - {id: CKV_AWS_86, comment: The functions log every request themselves and without addresses.}
    Properties:
      DistributionConfig:
        Enabled: true
        Comment: !Sub "${Domain}, revision ${Revision}"
        Aliases: [!Ref Domain]
        HttpVersion: http2and3
        IPV6Enabled: true
        PriceClass: PriceClass_All
        ViewerCertificate:
          AcmCertificateArn: !Ref CertificateArn
          SslSupportMethod: sni-only
          MinimumProtocolVersion: TLSv1.2_2021
"#;

/// Caches nothing and forwards everything except `Host`, because a function URL knows its own name only. There is
/// no redirect to HTTPS, because a token sent over plain HTTP is compromised already.
const BEHAVIOUR: &str = r#"ViewerProtocolPolicy: https-only
AllowedMethods: [GET, HEAD, OPTIONS, PUT, POST, PATCH, DELETE]
FunctionAssociations: [{EventType: viewer-request, FunctionARN: !GetAtt Client.FunctionARN}]
CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad # AWS's CachingDisabled
OriginRequestPolicyId: b689b0a8-53d0-40ab-baf2-68738e2966ac # AWS's AllViewerExceptHostHeader
"#;

/// Resolved by CloudFormation during the deployment, so that no parameter contains it.
const SECRET_REFERENCE: &str = "{{resolve:secretsmanager:${SecretsName}:SecretString:ORIGIN_VERIFY_SECRET}}";

pub(crate) fn stack(functions: &[Function]) -> String {
    let patterns = public_routes();
    let needed: BTreeSet<&str> = patterns.iter().map(|(_, function)| *function).chain([FALLBACK]).collect();
    let origins: Vec<&Function> =
        functions.iter().filter(|function| needed.contains(function.name.as_str())).collect();
    let mut text = HEAD.to_owned();
    for Function { id, name, .. } in &origins {
        let _ = write!(text, "  {id}:\n    Type: String\n    Description: The host of {name}'s URL.\n");
    }
    text.push_str(DISTRIBUTION);
    text.push_str("        Origins:\n");
    for Function { id, name, timeout_seconds, .. } in origins {
        // CloudFront's limit without a raised quota; a slower request answers 504 and continues.
        let timeout = timeout_seconds.min(&60);
        let _ = write!(
            text,
            "          - Id: {name}\n            DomainName: !Ref {id}\n            \
             CustomOriginConfig: {{OriginProtocolPolicy: https-only, OriginSSLProtocols: [TLSv1.2], OriginReadTimeout: {timeout}}}\n            \
             OriginCustomHeaders: [{{HeaderName: x-origin-verify, HeaderValue: !Sub \"{SECRET_REFERENCE}\"}}]\n"
        );
    }
    text.push_str("        CacheBehaviors:\n");
    for (pattern, function) in patterns.iter().filter(|(_, function)| *function != FALLBACK) {
        let _ = writeln!(text, "          - PathPattern: {pattern}\n            TargetOriginId: {function}");
        text.push_str(&indented(BEHAVIOUR, 12));
    }
    let _ = writeln!(text, "        DefaultCacheBehavior:\n          TargetOriginId: {FALLBACK}");
    text.push_str(&indented(BEHAVIOUR, 10));
    text.push_str("\nOutputs:\n  Host: {Value: !GetAtt Distribution.DomainName}\n");
    text
}

fn public_routes() -> Vec<Pattern> {
    let open: BTreeSet<&str> =
        ROUTES.iter().filter(|route| route.access != Access::Scheduler).map(|route| route.function).collect();
    let routes = ROUTES.iter().filter(|route| open.contains(route.function));
    patterns(routes.map(|route| (route.path, route.function)))
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{}{line}\n", " ".repeat(by))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_below_the_quotas() {
        let patterns = public_routes();
        let functions: BTreeSet<_> = patterns.iter().map(|(_, function)| function).collect();
        assert!(
            patterns.len() < 75 && functions.len() <= 25,
            "{} patterns, {} origins",
            patterns.len(),
            functions.len()
        );
        assert!(!functions.contains(&"payouts"), "payouts are not started from a browser");
    }
}
