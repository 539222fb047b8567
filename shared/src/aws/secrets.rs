//! The deployment's secrets, read once at the start from one secret of AWS Secrets Manager: a JSON object from
//! environment variable names to values.
//!
//! A Lambda function's environment is limited to 4 KB and visible to everybody who may view the function. A
//! secret may have 64 KB, and CloudTrail records each access. `SECRETS_ID` names the secret; without it Secrets
//! Manager is not called. Values from the secret override the environment.
//!
//! Source: docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html

use crate::domain::kernel::clock::Clock;
use std::collections::HashMap;
use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use serde::Deserialize;

use super::{Aws, Identity};
use crate::json;
use crate::providers::client::read_within;

pub type Secrets = HashMap<String, String>;

/// Why the secrets could not be read. The text shows no value.
#[derive(Debug, thiserror::Error)]
#[error("SECRETS_ID: {0}")]
pub struct SecretsError(String);

const TARGET: &str = "secretsmanager.GetSecretValue";
/// A secret has at most 64 KB; JSON escapes may double that.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "SecretString")]
    secret_string: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
}

/// Reads the secret with this name or ARN; `endpoint` overrides the usual URL of Secrets Manager.
pub async fn read(
    aws: &Aws,
    http: &reqwest::Client,
    endpoint: Option<&str>,
    id: &str,
) -> Result<Secrets, SecretsError> {
    let usual = || format!("https://secretsmanager.{}.amazonaws.com/", aws.region);
    let endpoint = endpoint.map_or_else(usual, |endpoint| format!("{}/", endpoint.trim_end_matches('/')));
    let mut problem = String::new();
    for attempt in 0..TRIES {
        if attempt > 0 {
            tokio::time::sleep(PAUSE).await;
        }
        match request_secret(aws, http, &endpoint, id).await? {
            Ok(answer) => return parse(answer),
            Err(retryable) => problem = retryable,
        }
    }
    Err(SecretsError(problem))
}

/// One attempt. The inner error can be retried; the outer one cannot.
async fn request_secret(
    aws: &Aws,
    http: &reqwest::Client,
    endpoint: &str,
    id: &str,
) -> Result<Result<Answer, String>, SecretsError> {
    let answer = match http.execute(sign_request(aws, endpoint, id)?).await {
        Ok(answer) => answer,
        Err(error) => return Ok(Err(error.without_url().to_string())),
    };
    let status = answer.status();
    let body = read_within(answer, MAX_ANSWER_BYTES).await.unwrap_or_default();
    let answer: Option<Answer> = json::read_trusted(&body).ok();
    let kind = answer.as_ref().and_then(|answer| answer.kind.as_deref()).unwrap_or("no reason");
    let kind = format!("{status} {}", kind.rsplit('#').next().unwrap_or_default());
    match answer {
        Some(answer) if status.is_success() => Ok(Ok(answer)),
        _ if status.is_server_error() || kind.contains("Throttling") => Ok(Err(kind)),
        _ => Err(SecretsError(kind)),
    }
}

fn parse(answer: Answer) -> Result<Secrets, SecretsError> {
    let text = answer.secret_string.ok_or_else(|| SecretsError("holds no text".to_owned()))?;
    // The parser's message may quote a value.
    json::read_trusted(text.as_bytes())
        .map_err(|_| SecretsError("expected a JSON object of names and texts".to_owned()))
}

fn sign_request(aws: &Aws, endpoint: &str, id: &str) -> Result<reqwest::Request, SecretsError> {
    let Identity::Keys(keys) = &aws.identity else {
        return Err(SecretsError("is read with the role of a Lambda function only".to_owned()));
    };
    let wrong = |error: &dyn std::fmt::Display| SecretsError(format!("the request cannot be built: {error}"));
    let body = serde_json::json!({"SecretId": id}).to_string();
    let mut request = http::Request::post(endpoint)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", TARGET)
        .body(body.clone())
        .map_err(|error| wrong(&error))?;
    let identity = keys.clone().into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region(&aws.region)
        .name("secretsmanager")
        .time(Clock::system().now().into())
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| wrong(&error))?
        .into();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", TARGET)];
    let signable =
        SignableRequest::new("POST", endpoint, headers.into_iter(), SignableBody::Bytes(body.as_bytes()))
            .map_err(|error| wrong(&error))?;
    let (instructions, _) = sign(signable, &parameters).map_err(|error| wrong(&error))?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    reqwest::Request::try_from(request).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_text(text: &str) -> Result<Secrets, SecretsError> {
        parse(Answer { secret_string: Some(text.to_owned()), kind: None })
    }

    #[test]
    fn a_secret_is_an_object_of_names_and_texts() {
        assert_eq!(parse_text(r#"{"CRON_SECRET": "s"}"#).unwrap()["CRON_SECRET"], "s");
    }

    #[test]
    fn unreadable_values_are_reported_without_showing_them() {
        for text in [r#"{"CRON_SECRET": 17}"#, "hunter2", r#"["hunter2"]"#] {
            let error = parse_text(text).unwrap_err().to_string();
            assert!(
                error.contains("SECRETS_ID") && !error.contains("hunter2") && !error.contains("17"),
                "{error}"
            );
        }
    }
}
