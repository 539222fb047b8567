//! Answers that no router gave, as `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;

use super::RequestId;

/// The contract wants these on every answer; a router adds them itself, these answers never saw one.
const SECURITY_HEADERS: [(header::HeaderName, &str); 6] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    (header::CACHE_CONTROL, "no-store"),
];

/// The handler broke; the log knows where.
pub(super) fn internal(request_id: &RequestId) -> Response<Bytes> {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side", request_id)
}

/// A problem with a fixed text, which cannot give anything away.
pub(super) fn problem(status: StatusCode, detail: &'static str, request_id: &RequestId) -> Response<Bytes> {
    let body = json!({
        "type": "about:blank",
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
        "request_id": request_id.0,
    });
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id.0) {
        headers.insert("x-request-id", id);
    }
    response
}
