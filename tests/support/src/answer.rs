//! An answer, and the checks of every answer.

use axum::response::Response;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use shared::http::middleware::HEADERS;

use crate::document;

/// An answer with its whole body.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{self:?}");
        self.json()
    }
}

/// Reads an answer and checks the rules for every answer; all tests use it.
pub async fn answered(method: &Method, path: &str, response: Response) -> Answer {
    let answer = read(response).await;
    let context = || format!("{method} {path} answered {answer:?}");
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    for (name, value) in HEADERS {
        let value_sent = answer.header(name.as_str());
        if is_page && name == http::header::CONTENT_SECURITY_POLICY {
            // A page runs only its own script.
            let policy = value_sent.unwrap_or_default();
            assert!(policy.starts_with("default-src 'none'; script-src 'nonce-"), "{}", context());
            continue;
        }
        assert_eq!(value_sent, Some(value), "{name}: {}", context());
    }
    let request_id = answer.header("x-request-id").unwrap_or_else(|| panic!("no request id: {}", context()));
    assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{}", context());
    // A failed health check is an answer and not a problem document.
    let is_problem = !answer.status.is_success() && !path.starts_with("/api/health");
    if is_problem {
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{}", context());
        let problem = answer.json();
        assert_eq!(problem["status"].as_u64(), Some(answer.status.as_u16().into()), "{}", context());
        let replayed = answer.header("idempotency-replayed").is_some();
        assert!(replayed || problem["request_id"] == request_id, "{}", context());
    }
    // Every answer must be described in the OpenAPI document.
    if let Some(pattern) = document::pattern(method.as_str(), path) {
        let content_type = answer.header("content-type").unwrap_or_default();
        document::check(
            method.as_str(),
            pattern,
            answer.status.as_u16(),
            content_type,
            answer.body.as_bytes(),
        );
    }
    answer
}

async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}
