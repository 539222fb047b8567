//! Error answers from outside of the router, as `application/problem+json` (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::RequestId;
use crate::http::failure::{self, PROBLEM_JSON};
use crate::http::middleware::HEADERS;

/// 500: the handler failed; the log has the details.
pub(super) fn internal(request_id: &RequestId) -> Response<Bytes> {
    problem(StatusCode::INTERNAL_SERVER_ERROR, "something went wrong on our side", request_id)
}

/// A problem with a fixed text, which cannot reveal anything.
pub(super) fn problem(status: StatusCode, detail: &'static str, request_id: &RequestId) -> Response<Bytes> {
    let body = failure::problem(status, detail, &request_id.0);
    let mut response = Response::new(Bytes::from(body.to_json()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id.0) {
        headers.insert("x-request-id", id);
    }
    response
}
