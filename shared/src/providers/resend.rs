//! Resend's API: one mail to one person.
//!
//! Resend keeps an idempotency key for 24 hours and refuses the same key with another body
//! (docs: `POST /emails`, header `Idempotency-Key`).

pub mod meaning;

use serde_json::json;

use crate::domain::message::Message;
use crate::providers::call::{CallError, retry_after};

/// A client for one sender.
#[derive(Clone)]
pub struct Resend {
    http: reqwest::Client,
    base: String,
    api_key: String,
    from: String,
}

impl Resend {
    /// A client that sends as `from`.
    pub fn new(http: reqwest::Client, base: &str, api_key: &str, from: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { http, base, api_key: api_key.to_owned(), from: from.to_owned() }
    }

    /// Sends one mail.
    pub async fn send(&self, key: &str, to: &str, message: &Message) -> Result<String, CallError> {
        let body = json!({"from": self.from, "to": [to], "subject": message.title, "text": message.text});
        let request = self.http.post(format!("{}/emails", self.base)).bearer_auth(&self.api_key);
        let response = request.header("idempotency-key", key).json(&body).send().await;
        let response = response.map_err(|error| CallError::from_transport(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok("accepted".to_owned());
        }
        Err(CallError::from_status(status.as_u16(), retry_after(response.headers())))
    }
}

impl std::fmt::Debug for Resend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resend({})", self.base)
    }
}
