//! Classifies Stripe's errors by Stripe's rules (docs.stripe.com/error-low-level, /api/idempotent_requests).
//!
//! | answer | classified as |
//! | --- | --- |
//! | 429 | not sent: it was refused before it began; retry after `Retry-After` |
//! | 400 `idempotency_error` | look it up: the key belongs to another body, so the answer says nothing about this one |
//! | 409, such as `idempotency_key_in_use` | in doubt: the first request may still be running |
//! | 5xx | in doubt; look it up if the answer is stored under the key (`Idempotent-Replayed`, or "do not retry") |
//! | `payment_intent_unexpected_state` | wrong state, with the state |
//! | 404, 403 `account_invalid` | absent |
//! | 401, 403 about our own key or its rights | not sent: the key is wrong and has to be corrected |
//! | any other 4xx with Stripe's error in it | rejected, with Stripe's code, and the field if the caller can change it |
//! | a 4xx without it | in doubt: it is not Stripe's answer |
//!
//! `stripe-should-retry` takes precedence: with `true` a refusal counts as not sent, with `false` a doubtful call
//! must be looked up. A 429 always counts as not sent: the header is about an immediate retry, and a run retries
//! much later.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use crate::json;
use crate::providers::call::{CallError, error_code, retry_after};

/// Codes of a 403 that concern our own key (docs.stripe.com/error-codes). A 403 without a code means that a
/// restricted key lacks a permission. Any other code concerns the object.
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

/// Fields whose values come from the caller, who can correct them.
const CALLER_FIELDS: [&str; 2] = ["amount", "currency"];

#[derive(Deserialize)]
struct Body {
    error: Problem,
}

/// The parts of Stripe's error that are used. The message may name a person and is not read.
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

/// Classifies the error answer of a changing call.
pub(super) fn classify(status: u16, headers: &HeaderMap, body: &[u8]) -> CallError {
    let retry = flag(headers, "stripe-should-retry");
    let problem = json::read_trusted::<Body>(body).ok().map(|body| body.error);
    let reason = problem.as_ref().and_then(Problem::code).unwrap_or_else(|| format!("status_{status}"));
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
    let field = problem.param.as_deref().filter(|param| CALLER_FIELDS.contains(param));
    match (status, reason.as_str(), problem.payment_intent) {
        (_, "payment_intent_unexpected_state", Some(intent)) if error_code(&intent.status).is_some() => {
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
    /// The most specific of its codes.
    fn code(&self) -> Option<String> {
        let codes = [self.decline_code.as_ref(), self.code.as_ref(), Some(&self.kind)];
        codes.into_iter().flatten().find_map(|code| error_code(code))
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
