//! An answer as data, so that it can be stored under an idempotency key and replayed.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

/// A status and a JSON body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: impl Serialize) -> Self {
        Self::of(StatusCode::OK, body)
    }

    /// 202 with a body: accepted but not yet done.
    pub fn accepted(body: impl Serialize) -> Self {
        Self::of(StatusCode::ACCEPTED, body)
    }

    /// An answer with any status. If a body does not serialize, which our types always do, it is null.
    pub fn of(status: StatusCode, body: impl Serialize) -> Self {
        Self { status, body: serde_json::to_value(body).unwrap_or_default() }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        json_response(self.status, "application/json", self.body.to_string())
    }
}

/// A response whose text is JSON already.
pub fn json_response(status: StatusCode, content_type: &str, body: String) -> Response {
    let mut response = (status, body).into_response();
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    }
    response
}
