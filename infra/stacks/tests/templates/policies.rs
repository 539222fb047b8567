//! No policy is wider than needed: every statement names exact actions and exact resources.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;
use stacks::cloudformation::{deployed, mappings, tagged, texts};
use stacks::policies::statements;
use stacks::repository::{STACKS, stack, template};

/// The one secret. Secrets Manager appends six random characters to its ARN.
pub const SECRET: &str =
    "arn:${AWS::Partition}:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:${SecretsName}-??????";

/// The errors of a statement of a function or of another principal.
fn too_much(statement: &Yaml) -> Option<String> {
    let wrong = |what: String| Some(format!("{what} in {statement:?}"));
    let parts = names(statement);
    if let Some(part) =
        parts.iter().find(|part| !["Effect", "Action", "Resource", "Condition"].contains(part))
    {
        return wrong(format!("{part} is not read"));
    }
    let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
    // X-Ray has no resources: its actions are allowed for all or none.
    let traces = BTreeSet::from(["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    if actions == traces && resources == BTreeSet::from(["*"]) {
        return None;
    }
    if statement["Effect"] != "Allow" {
        return wrong("an effect that takes away".to_owned());
    }
    if let Some(action) = actions.into_iter().find(|action| !is_exact_action(action)) {
        return wrong(format!("{action:?} is not one action"));
    }
    let resource = resources.into_iter().find(|resource| *resource != SECRET && !is_exact(resource));
    resource.and_then(|resource| wrong(format!("{resource:?} is not one resource")))
}

/// The errors of a statement in a resource policy.
fn too_many(statement: &Yaml) -> Option<String> {
    let principal = &statement["Principal"];
    let named = ["Service", "Federated"].into_iter().any(|kind| is_exact(tagged(&principal[kind])));
    if !named || names(principal).len() != 1 {
        return Some(format!("{principal:?} is not one service or issuer"));
    }
    let mut rest = statement.clone();
    let parts = rest.as_mapping_mut()?;
    parts.remove("Principal");
    // A trust policy applies to the role that contains it.
    parts.entry("Resource".into()).or_insert("the role".into());
    too_much(&rest)
}

fn names(mapping: &Yaml) -> Vec<&str> {
    mapping
        .as_mapping()
        .into_iter()
        .flat_map(|parts| parts.keys())
        .map(|name| name.as_str().unwrap_or("?"))
        .collect()
}

fn is_exact(text: &str) -> bool {
    !text.is_empty() && !text.contains(['*', '?'])
}

fn is_exact_action(action: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
    action.split_once(':').is_some_and(|(service, call)| is_word(service) && is_word(call))
}

fn verdict(statement: &Yaml) -> Option<String> {
    if statement.get("Principal").is_some() { too_many(statement) } else { too_much(statement) }
}

/// The errors of an entry of a function's policies. A name would be a managed policy of AWS, and a mapping
/// without statements a template of SAM; both allow more than this function needs.
fn foreign(policy: &Yaml) -> Option<String> {
    let secrets: Yaml = serde_yaml_ng::from_str("!Ref ReadSecrets").expect("YAML");
    if *policy == secrets {
        return None;
    }
    if names(policy) != ["Version", "Statement"] {
        return Some(format!("{policy:?} is no document"));
    }
    let statements = policy["Statement"].as_sequence().map(Vec::as_slice).unwrap_or_default();
    let wrong = statements.iter().find_map(too_much);
    wrong.or_else(|| statements.is_empty().then(|| format!("{policy:?} has no statement")))
}

#[test]
fn no_policy_allows_more_than_it_names() {
    for path in STACKS {
        let document = stack(path);
        let wrong: Vec<String> = statements(&document).into_iter().filter_map(verdict).collect();
        assert_eq!(wrong, [""; 0], "{path}");
        let mut found = Vec::new();
        mappings(&document, &mut found);
        for whole in ["ManagedPolicyArns", "NotAction", "NotResource", "NotPrincipal", "Connectors"] {
            assert!(found.iter().all(|mapping| mapping.get(whole).is_none()), "{path}: {whole}");
        }
    }
    // The policy is text there, because the names of its conditions contain the team.
    let vercel = stack("infra/vercel.yaml");
    let trust = tagged(&vercel["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]);
    let trust: Yaml = serde_yaml_ng::from_str(trust).expect("JSON is YAML");
    let trust = statements(&trust);
    assert_eq!(trust.iter().filter_map(|statement| verdict(statement)).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(trust.len(), 1);
}

#[test]
fn a_function_has_its_secrets_and_policies_of_exact_statements() {
    let template = template();
    for (name, function) in deployed(&template) {
        assert_eq!(names(function), ["Type", "Metadata", "Properties"], "{name}");
        assert!(function["Properties"].get("Role").is_none(), "{name} has a role that is not looked at");
        let policies = function["Properties"]["Policies"].as_sequence().expect("policies");
        assert_eq!(policies.iter().find_map(foreign), None, "{name}");
    }
}

#[test]
fn a_statement_that_allows_more_than_it_names_is_seen() {
    for wide in [
        "{Effect: Allow, Action: \"dynamodb:*\", Resource: !GetAtt TableInUse.Value}",
        "{Effect: Allow, Action: \"dynamodb:Get?tem\", Resource: !GetAtt TableInUse.Value}",
        "{Effect: Allow, Action: dynamodb, Resource: !GetAtt TableInUse.Value}",
        "{Effect: Allow, Action: [dynamodb:GetItem], Resource: !Sub \"${TableInUse.Value}/index/*\"}",
        "{Effect: Allow, Action: [dynamodb:GetItem], Resource: !Sub \"${TableInUse.Value}/index/lis?\"}",
        "{Effect: Allow, Action: [dynamodb:GetItem], Resource: !Join [\"\", [!GetAtt TableInUse.Value, \"*\"]]}",
        "{Effect: Allow, Action: [dynamodb:GetItem]}",
        "{Effect: Allow, Action: xray:PutTraceSegments, Resource: \"*\"}",
        "{Effect: Allow, NotAction: dynamodb:DeleteTable, Resource: !GetAtt TableInUse.Value}",
        "{Effect: Allow, Action: dynamodb:GetItem, NotResource: !GetAtt TableInUse.Value}",
        "{Effect: Deny, Action: dynamodb:GetItem, Resource: !GetAtt TableInUse.Value}",
        "{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn, Principal: \"*\"}",
        "{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn, Principal: {AWS: \"*\"}}",
        "{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn, Principal: {Service: \"*\"}}",
        "{Effect: Allow, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn, NotPrincipal: {AWS: me}}",
    ] {
        assert!(verdict(&serde_yaml_ng::from_str(wide).expect("YAML")).is_some(), "{wide}");
    }
    for policy in [
        "AmazonDynamoDBFullAccess",
        "!Ref Boundary",
        "!Sub \"arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess\"",
        "{DynamoDBCrudPolicy: {TableName: !Ref Table}}",
        "{Version: \"2012-10-17\", Statement: []}",
        "{Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: \"*\", Resource: !GetAtt TableInUse.Value}]}",
        "{Version: \"2012-10-17\", Statement: [{Effect: Allow, Action: sqs:SendMessage, Resource: a, Principal: b}]}",
    ] {
        assert!(foreign(&serde_yaml_ng::from_str(policy).expect("YAML")).is_some(), "{policy}");
    }
}
