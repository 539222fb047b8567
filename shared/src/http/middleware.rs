//! Middleware of every request: a request id, the security headers, problem documents for errors, and one log
//! line.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tracing::Instrument as _;

use super::answer::json_response;
use super::extension::RequestId;
use super::failure::{Failure, PROBLEM_JSON, problem};
use super::origin;
use crate::app::SharedApp;
use crate::domain::kernel::provider::Provider;
use crate::providers::call_counts::{CallCounts, counting};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Headers of JSON answers: browsers must not load, frame, sniff or cache them.
pub const HEADERS: [(HeaderName, &str); 8] = [
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-site"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Wraps a function's routes in the middleware.
pub fn layer(service: &'static str, routes: Router<SharedApp>, app: SharedApp) -> Router {
    let absent = || async { Failure::Absent };
    let middleware = app.clone();
    let handle = move |request, next| handle(service, middleware.clone(), request, next);
    routes.fallback(absent).layer(from_fn(handle)).with_state(app)
}

async fn handle(service: &'static str, app: SharedApp, mut request: Request, next: Next) -> Response {
    let known = request.extensions().get::<RequestId>().cloned();
    let request_id = known.unwrap_or_else(|| RequestId::from_platform(None));
    request.extensions_mut().insert(request_id.clone());
    let method = request.method().clone();
    // The route's pattern is logged and not the path, because paths hold ids.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let listed = origin::listed(&app.config, request.headers()).cloned();
    let asked_first = origin::preflight(&app.config, &method, request.headers());
    let span = tracing::info_span!("request", request_id = %request_id.0);
    let started = Instant::now();
    async move {
        let calls = Arc::new(CallCounts::default());
        let response = match asked_first {
            Some(answer) => answer,
            None => counting(Arc::clone(&calls), next.run(request)).await,
        };
        let failure = response.extensions().get::<Arc<Failure>>().cloned();
        let mut response = finish(response, failure.as_deref(), &request_id);
        origin::allow_origin(listed, response.headers_mut());
        let duration = started.elapsed().as_secs_f64() * 1_000.0;
        let status = response.status().as_u16();
        let reason = failure.as_deref().and_then(Failure::reason);
        let (method, route) = (method.as_str(), route.as_str());
        // The alarms count these fields over all functions, so that their number is that of their subjects.
        macro_rules! line {
            ($level:ident, $text:literal $(, $name:ident = $value:expr)*) => {
                tracing::$level!(
                    route,
                    method,
                    status,
                    duration,
                    requests = 1,
                    $($name = $value,)*
                    whop_calls = calls.calls(Provider::Whop),
                    whop_failures = calls.failures(Provider::Whop),
                    stripe_calls = calls.calls(Provider::Stripe),
                    stripe_failures = calls.failures(Provider::Stripe),
                    resend_calls = calls.calls(Provider::Resend),
                    resend_failures = calls.failures(Provider::Resend),
                    service,
                    $text
                )
            };
        }
        if status >= 500 {
            line!(error, "request failed", errors = 1, reason = reason);
        } else {
            line!(info, "request done");
        }
        response
    }
    .instrument(span)
    .await
}

fn finish(response: Response, failure: Option<&Failure>, request_id: &RequestId) -> Response {
    let mut response = match failure {
        Some(failure) => {
            let body = failure.problem(&request_id.0).to_json();
            with_body(response, body)
        }
        None if is_bare_error(&response) => {
            let status = response.status();
            let detail = match status {
                StatusCode::METHOD_NOT_ALLOWED => "This method is not allowed here; see the Allow header.",
                _ => "The request cannot be answered.",
            };
            let body = problem(status, detail, &request_id.0).to_json();
            with_body(response, body)
        }
        None => response,
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Ok(id) = HeaderValue::from_str(&request_id.0) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Replaces the body and keeps status and headers (`Allow`, `Retry-After`).
fn with_body(response: Response, body: String) -> Response {
    let (parts, _) = response.into_parts();
    let mut answer = json_response(parts.status, PROBLEM_JSON, body);
    for (name, value) in &parts.headers {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            answer.headers_mut().insert(name.clone(), value.clone());
        }
    }
    answer
}

/// An error from the router itself, without a problem document.
fn is_bare_error(response: &Response<Body>) -> bool {
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    is_error && !content_type.is_some_and(|value| value.contains("json"))
}
