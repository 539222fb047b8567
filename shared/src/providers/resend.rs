//! Resend's API: one mail to one person.
//!
//! Resend stores an idempotency key for 24 hours and refuses the same key with another body (docs: `POST
//! /emails`, header `Idempotency-Key`).

pub mod meaning;

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use crate::domain::kernel::message::Message;
use crate::domain::kernel::provider::Provider;
use crate::json::read_trusted;
use crate::providers::call::{CallError, error_code, retry_after};
use crate::providers::call_counts;
use crate::providers::client::read_within;

/// More than any error document has.
const MAX_ERROR_BYTES: usize = 16 * 1024;

#[derive(Clone)]
pub struct Resend {
    http: reqwest::Client,
    base: String,
    api_key: String,
    from: String,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAccess {
    Full,
    /// Sending mail and nothing else, which is all that we need.
    SendingOnly,
}

impl Resend {
    pub fn new(http: reqwest::Client, base: &str, api_key: &str, from: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { http, base, api_key: api_key.to_owned(), from: from.to_owned() }
    }

    pub async fn send(&self, key: &str, to: &str, message: &Message) -> Result<String, CallError> {
        let body = json!({"from": self.from, "to": [to], "subject": message.title, "text": message.text});
        let request = self.http.post(format!("{}/emails", self.base)).bearer_auth(&self.api_key);
        let request = request.header("idempotency-key", key).json(&body);
        let response = call_counts::send(Provider::Resend, request).await;
        let response = response.map_err(|error| CallError::from_transport(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok("accepted".to_owned());
        }
        let wait = retry_after(response.headers());
        let body = read_within(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        Err(classify(status.as_u16(), &body, wait))
    }

    /// Whether Resend knows the key, by a request that changes nothing (`GET /domains`). A key that may only send is
    /// refused with `restricted_api_key`, which says that it is known.
    pub async fn check_key(&self) -> Result<KeyAccess, CallError> {
        let request = self.http.get(format!("{}/domains", self.base)).bearer_auth(&self.api_key);
        let response =
            request.send().await.map_err(|error| CallError::from_transport(&error).of_reading())?;
        let status = response.status();
        if status.is_success() {
            return Ok(KeyAccess::Full);
        }
        let wait = retry_after(response.headers());
        let body = read_within(response, MAX_ERROR_BYTES).await.unwrap_or_default();
        match classify(status.as_u16(), &body, wait) {
            error if error.reason() == "restricted_api_key" => Ok(KeyAccess::SendingOnly),
            error => Err(error.of_reading()),
        }
    }
}

/// The part of Resend's error that is used: its name. The message may quote an address.
#[derive(Deserialize)]
struct Problem {
    name: String,
}

/// Classifies an error answer (resend.com/docs/api-reference/errors). A 403 concerns our key or our sender's
/// domain and not this mail. "Key used with another body" means that an earlier mail was sent with this key, so a
/// repetition reveals nothing.
fn classify(status: u16, body: &[u8], wait: Option<Duration>) -> CallError {
    let code = read_trusted::<Problem>(body).ok().and_then(|problem| error_code(&problem.name));
    let reason = || code.clone().unwrap_or_else(|| format!("status_{status}"));
    match status {
        403 => CallError::NotSent { reason: reason(), retry_after: wait },
        409 if code.as_deref() == Some("invalid_idempotent_request") => {
            CallError::LookUp { reason: reason() }
        }
        _ => CallError::from_answer(status, code, wait),
    }
}

impl std::fmt::Debug for Resend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resend({})", self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(status: u16, name: &str) -> CallError {
        classify(
            status,
            json!({"statusCode": status, "message": "x", "name": name}).to_string().as_bytes(),
            None,
        )
    }

    #[test]
    fn a_refusal_has_resends_code_and_a_wrong_key_is_no_refusal() {
        let rejected = |reason: &str| CallError::Rejected { reason: reason.to_owned() };
        let not_sent = |reason: &str| CallError::NotSent { reason: reason.to_owned(), retry_after: None };
        assert_eq!(ends(422, "validation_error"), rejected("validation_error"));
        assert_eq!(ends(422, "a canary@example.com"), rejected("status_422"), "free text is not kept");
        assert_eq!(ends(451, "security_error"), rejected("security_error"));
        assert_eq!(ends(401, "missing_api_key"), not_sent("missing_api_key"));
        assert_eq!(ends(403, "invalid_api_key"), not_sent("invalid_api_key"));
        assert_eq!(ends(429, "rate_limit_exceeded"), not_sent("rate_limit_exceeded"));
        let used = CallError::LookUp { reason: "invalid_idempotent_request".to_owned() };
        assert_eq!(ends(409, "invalid_idempotent_request"), used);
        assert_eq!(classify(422, b"<html>", None), rejected("status_422"));
    }
}
