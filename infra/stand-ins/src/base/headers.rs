//! The request headers that stand-ins read.

use axum::http::{HeaderMap, header};

/// A header as text; empty where it is missing or no text.
pub(crate) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The token after `Bearer` in the `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    header_text(headers, header::AUTHORIZATION.as_str()).strip_prefix("Bearer ")
}

/// The `Idempotency-Key` header as text; one that is no text counts as empty, which no provider takes.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|key| key.to_str().unwrap_or_default().to_owned())
}
