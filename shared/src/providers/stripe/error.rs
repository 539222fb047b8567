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
//! | 401, 403 about our own key or its rights | not sent: the key is wrong and has to be corrected |
//! | any other 4xx with Stripe's error in it | rejected, with Stripe's code, and the field where the asker can change it |
//! | a 4xx without it | in doubt: it is not Stripe's answer |
//!
//! `stripe-should-retry` wins: with `true` a refusal is not sent, with `false` a doubt is to be looked up.
//! A 429 stays one that was turned away: the header speaks of asking at once, and a run asks much later.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::json;
use crate::providers::call::{CallError, machine_word, retry_after};

/// Codes of a 403 that are about our own key (docs.stripe.com/error-codes). A 403 without a code is one of a
/// restricted key that lacks a right. Any other code is about the object that was named.
const ABOUT_OUR_KEY: [&str; 8] = [
    "api_key_expired",
    "livemode_mismatch",
    "more_permissions_required",
    "more_permissions_required_for_application",
    "platform_account_required",
    "platform_api_key_expired",
    "secret_key_required",
    "testmode_charges_only",
];

/// The fields of a request that come from the caller, who can ask again with another value.
const ASKED_FIELDS: [&str; 2] = ["amount", "currency"];

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
    param: Option<String>,
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
    let is_about_our_key = problem.code.is_none() || ABOUT_OUR_KEY.contains(&reason.as_str());
    let field = problem.param.as_deref().filter(|param| ASKED_FIELDS.contains(param));
    match (status, reason.as_str(), problem.payment_intent) {
        (_, "payment_intent_unexpected_state", Some(intent)) if machine_word(&intent.status).is_some() => {
            CallError::WrongState { state: intent.status }
        }
        (404, ..) | (403, "account_invalid", _) => CallError::Absent,
        (401, ..) => CallError::NotSent { reason, retry_after: None },
        (403, ..) if is_about_our_key => CallError::NotSent { reason, retry_after: None },
        _ => {
            CallError::Rejected { reason: field.map_or(reason.clone(), |field| format!("{reason}:{field}")) }
        }
    }
}

impl Problem {
    /// The most telling of its codes.
    fn word(&self) -> Option<String> {
        let codes = [self.decline_code.as_ref(), self.code.as_ref(), Some(&self.kind)];
        codes.into_iter().flatten().find_map(|code| machine_word(code))
    }
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
