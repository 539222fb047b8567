//! What became of a call, by Stripe's rules (docs.stripe.com/error-low-level, /api/idempotent_requests).
//!
//! | answer | means |
//! | --- | --- |
//! | 429 | not sent: it was turned away before it began; ask later, after `Retry-After` |
//! | 400 `idempotency_error` | look it up: the key belongs to another body, so it says nothing of this one |
//! | 409, such as `idempotency_key_in_use` | in doubt: the first request may still be running |
//! | 5xx | in doubt; look it up where the answer is kept under the key (`Idempotent-Replayed`, or "do not retry") |
//! | `payment_intent_unexpected_state` | wrong state, with the state |
//! | 404, 403 `account_invalid` | absent |
//! | 401, other 403 | not sent: our own key is wrong, and somebody will mend it |
//! | any other 4xx with Stripe's error in it | rejected, with Stripe's code |
//! | a 4xx without it | in doubt: it is not Stripe's answer |
//!
//! `stripe-should-retry` wins: with `true` a refusal is not sent, with `false` a doubt is to be looked up.
//! A 429 stays one that was turned away: the header speaks of asking at once, and a run asks much later.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::json;
use crate::providers::call::{CallError, retry_after};

/// An error's codes are short words; anything else is not repeated in logs and rows.
const MAX_CODE_BYTES: usize = 64;

#[derive(Deserialize)]
struct Body {
    error: Problem,
}

/// Stripe's error as far as it decides anything. Its message may name a person and is not read.
#[derive(Deserialize)]
struct Problem {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    decline_code: Option<String>,
    #[serde(default)]
    payment_intent: Option<Stated>,
}

#[derive(Deserialize)]
struct Stated {
    #[serde(default)]
    status: String,
}

/// What an answer that is no success says of a call that changes something.
pub(super) fn classify(status: u16, headers: &HeaderMap, body: &[u8]) -> CallError {
    let retry = flag(headers, "stripe-should-retry");
    let problem = json::read_trusted::<Body>(body).ok().map(|body| body.error);
    let reason = problem.as_ref().and_then(Problem::word).unwrap_or_else(|| format!("status_{status}"));
    let in_doubt = |reason: String| match retry {
        Some(false) => CallError::LookUp { reason },
        _ => CallError::InDoubt { reason },
    };
    match (status, problem) {
        (429, _) => CallError::NotSent { reason, retry_after: retry_after(headers) },
        (400, Some(problem)) if problem.kind == "idempotency_error" => CallError::LookUp { reason },
        (500.., _) if retry.is_none() && flag(headers, "idempotent-replayed") == Some(true) => {
            CallError::LookUp { reason }
        }
        (409 | 500.., _) => in_doubt(reason),
        (400..=499, Some(_)) if retry == Some(true) => {
            CallError::NotSent { reason, retry_after: retry_after(headers) }
        }
        (400..=499, Some(problem)) => refusal(status, problem, reason),
        _ => in_doubt(reason),
    }
}

fn refusal(status: u16, problem: Problem, reason: String) -> CallError {
    match (status, reason.as_str(), problem.payment_intent) {
        (_, "payment_intent_unexpected_state", Some(intent)) if is_word(&intent.status) => {
            CallError::WrongState { state: intent.status }
        }
        (404, ..) | (403, "account_invalid", _) => CallError::Absent,
        (401 | 403, ..) => CallError::NotSent { reason, retry_after: None },
        _ => CallError::Rejected { reason },
    }
}

impl Problem {
    /// The most telling of its codes.
    fn word(&self) -> Option<String> {
        let codes = [self.decline_code.as_ref(), self.code.as_ref(), Some(&self.kind)];
        codes.into_iter().flatten().find(|code| is_word(code)).cloned()
    }
}

fn is_word(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && text.len() <= MAX_CODE_BYTES && text.bytes().all(plain)
}

fn flag(headers: &HeaderMap, name: &str) -> Option<bool> {
    match headers.get(name)?.as_bytes() {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
