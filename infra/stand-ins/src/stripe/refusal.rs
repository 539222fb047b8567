//! Errors in Stripe's shape.

use axum::http::StatusCode;
use serde_json::{Value, json};

/// An error as Stripe writes it.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: Value,
    /// Whether processing had begun: an earlier refusal is not stored under the key.
    pub(super) kept: bool,
}

const INVALID: &str = "invalid_request_error";

impl Refusal {
    fn new(status: StatusCode, kind: &str, code: Option<&str>, message: impl Into<String>) -> Self {
        let message: String = message.into();
        let mut error = json!({"message": message, "type": kind});
        if let Some(code) = code {
            error["code"] = json!(code);
        }
        Self { status, error, kept: false }
    }

    /// A parameter that cannot be read; the request never begins.
    pub(super) fn parameter(code: &str, param: &str, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, INVALID, Some(code), message);
        refusal.error["param"] = json!(param);
        refusal
    }

    /// Like [`Self::parameter`] where Stripe names no code.
    pub(super) fn invalid(param: Option<&str>, message: impl Into<String>) -> Self {
        let mut refusal = Self::new(StatusCode::BAD_REQUEST, INVALID, None, message);
        if let Some(param) = param {
            refusal.error["param"] = json!(param);
        }
        refusal
    }

    /// An error found during processing; it is stored under the key like any answer.
    pub(super) fn found(code: Option<&str>, message: impl Into<String>) -> Self {
        Self { kept: true, ..Self::new(StatusCode::BAD_REQUEST, INVALID, code, message) }
    }

    /// The object of the path is not there.
    pub(super) fn no_such(what: &str, id: &str) -> Self {
        let message = format!("No such {what}: '{id}'");
        Self { kept: true, ..Self::new(StatusCode::NOT_FOUND, INVALID, Some("resource_missing"), message) }
    }

    /// An object that a parameter names is not there.
    pub(super) fn no_such_named(param: &str, what: &str, id: &str) -> Self {
        let mut refusal = Self::found(Some("resource_missing"), format!("No such {what}: '{id}'"));
        refusal.error["param"] = json!(param);
        refusal
    }

    /// An account that was deleted or never existed.
    pub(super) fn no_access_to(account: &str) -> Self {
        let message = format!(
            "The provided key does not have access to account '{account}' (or that account does not exist). \
             Application access may have been revoked."
        );
        Self::new(StatusCode::FORBIDDEN, INVALID, Some("account_invalid"), message)
    }

    pub(super) fn unauthorized() -> Self {
        let message = "You did not provide an API key.";
        Self::new(StatusCode::UNAUTHORIZED, INVALID, None, message)
    }

    pub(super) fn key_reused() -> Self {
        let message = "Keys for idempotent requests can only be used with the same parameters they were \
                       first used with. Try using a key other than this one if you meant to execute a \
                       different request.";
        Self::new(StatusCode::BAD_REQUEST, "idempotency_error", None, message)
    }

    pub(super) fn key_in_use() -> Self {
        let message = "There is currently another in-progress request using this Idempotent Key (that \
                       probably means you submitted twice, and the other request is still going through). \
                       Please try again later.";
        Self::new(StatusCode::CONFLICT, INVALID, Some("idempotency_key_in_use"), message)
    }

    /// The error of an injected fault.
    pub(super) fn injected(status: StatusCode, code: Option<&str>) -> Self {
        match status {
            status if code.is_some() => {
                let kind = if status == StatusCode::PAYMENT_REQUIRED { "card_error" } else { INVALID };
                Self::new(status, kind, code, "a fault of the sandbox")
            }
            StatusCode::TOO_MANY_REQUESTS => {
                Self::new(status, INVALID, Some("rate_limit"), "Too many requests hit the API too quickly.")
            }
            status if status.is_server_error() => {
                Self::new(status, "api_error", None, "An unknown error occurred")
            }
            status => Self::new(status, INVALID, None, "a fault of the sandbox"),
        }
    }

    pub(super) fn body(&self) -> Value {
        json!({"error": self.error})
    }
}
