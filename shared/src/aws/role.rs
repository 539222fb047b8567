//! An AWS role, assumed with the OIDC token that Vercel issues for a deployment.
//!
//! Vercel sends the token with each request (`x-vercel-oidc-token`). It identifies the whole deployment and is
//! valid for an hour, so the process uses the newest one for all requests. AWS exchanges it for credentials of
//! one hour (`AssumeRoleWithWebIdentity`), which the SDK caches until shortly before they expire.
//!
//! Sources: vercel.com/docs/oidc/aws, docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html

use std::sync::{Mutex, PoisonError};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_dynamodb::config::Credentials;

use crate::domain::kernel::time;
use crate::providers::client::read_within;

/// The newest token that this process received.
static TOKEN: Mutex<Option<String>> = Mutex::new(None);

/// More than any answer of STS has.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// The session name in CloudTrail.
const SESSION_NAME: &str = "justonce";

/// Stores the token of a request for the next renewal of the credentials.
pub fn store_token(token: &str) {
    let mut known = TOKEN.lock().unwrap_or_else(PoisonError::into_inner);
    if known.as_deref() != Some(token) {
        *known = Some(token.to_owned());
    }
}

/// Assumes a role. `Debug` shows no token.
#[derive(Clone)]
pub struct RoleCredentials {
    http: reqwest::Client,
    endpoint: String,
    arn: String,
}

impl RoleCredentials {
    pub(super) fn new(http: reqwest::Client, region: &str, arn: &str) -> Self {
        Self { http, endpoint: format!("https://sts.{region}.amazonaws.com/"), arn: arn.to_owned() }
    }

    async fn assume_role(&self) -> Result<Credentials, CredentialsError> {
        let token = TOKEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let token = token.ok_or_else(|| CredentialsError::not_loaded("no token came with the request"))?;
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("Version", "2011-06-15"),
            ("RoleArn", &self.arn),
            ("RoleSessionName", SESSION_NAME),
            ("WebIdentityToken", &token),
        ];
        let form = encode_form(&form);
        let request =
            self.http.post(&self.endpoint).header("content-type", "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await;
        let answer = answer.map_err(|error| CredentialsError::provider_error(error.without_url()))?;
        let status = answer.status();
        let body = read_within(answer, MAX_ANSWER_BYTES).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        if !status.is_success() {
            // Only the error code is reported: the message may quote the token.
            let code = element(&body, "Code").unwrap_or("no reason");
            return Err(CredentialsError::provider_error(format!("AWS refuses the role: {status} {code}")));
        }
        credentials(&body).ok_or_else(|| CredentialsError::provider_error("AWS's answer cannot be read"))
    }
}

impl ProvideCredentials for RoleCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume_role())
    }
}

impl std::fmt::Debug for RoleCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Role({})", self.arn)
    }
}

/// Encodes fields as a form body.
fn encode_form(fields: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://localhost").ok();
    if let Some(url) = &mut url {
        url.query_pairs_mut().extend_pairs(fields);
    }
    url.and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn credentials(answer: &str) -> Option<Credentials> {
    let expires = time::parse(element(answer, "Expiration")?)?;
    Some(Credentials::new(
        element(answer, "AccessKeyId")?,
        element(answer, "SecretAccessKey")?,
        Some(element(answer, "SessionToken")?.to_owned()),
        Some(expires.into()),
        "role",
    ))
}

/// The text of the first XML element with this name. Keys, token and time hold no escapes.
fn element<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = answer.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
        <AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s/1+</SecretAccessKey><SessionToken>t==</SessionToken>\
        <Expiration>2026-01-01T01:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
        </AssumeRoleWithWebIdentityResponse>";

    #[test]
    fn credentials_are_read_with_their_end() {
        let read = credentials(ANSWER).unwrap();
        assert_eq!((read.access_key_id(), read.secret_access_key()), ("ASIA1", "s/1+"));
        assert_eq!(read.session_token(), Some("t=="));
        assert!(read.expiry().is_some());
    }

    #[test]
    fn an_answer_without_an_end_gives_no_credentials() {
        assert!(credentials(&ANSWER.replace("Expiration", "Expired")).is_none());
    }

    #[test]
    fn a_form_is_escaped() {
        assert_eq!(encode_form(&[("a", "b&c=d"), ("e", "f/ü")]), "a=b%26c%3Dd&e=f%2F%C3%BC");
    }
}
