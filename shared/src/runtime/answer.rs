//! Turns a request into an answer, in the same way on every platform.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode};
use tower::ServiceExt;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::problem::{internal, problem};
use super::request::{BodyRefused, collect, origin_form};
use super::{ClientIp, RequestId, Trigger};
use crate::telemetry::in_invocation;

/// What the platform reports about a request.
pub(super) struct RequestMetadata {
    pub(super) request_id: RequestId,
    pub(super) client_ip: ClientIp,
    pub(super) trigger: Option<Trigger>,
}

/// Calls the router and always returns an answer.
pub(super) async fn answer<B>(router: Router, request: Request<B>, metadata: RequestMetadata) -> Response
where
    B: http_body::Body<Data = Bytes>,
{
    let span = metadata.span();
    async move {
        let request_id = metadata.request_id.clone();
        match build_request(request, metadata).await {
            Ok(request) => call_router(router, request, &request_id).await,
            Err(BodyRefused::TooLarge) => {
                problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 256 KiB", &request_id)
                    .map(Body::from)
            }
            Err(BodyRefused::Broken) => {
                problem(StatusCode::BAD_REQUEST, "the body could not be read", &request_id).map(Body::from)
            }
        }
    }
    .instrument(span)
    .await
}

/// Runs the router in its own task: a panic ends that task and not the connection, on which the platform would
/// wait; and work on payments continues if the client disconnects.
async fn call_router(router: Router, request: Request<Body>, request_id: &RequestId) -> Response {
    let task = tokio::spawn(in_invocation(router.oneshot(request)).instrument(Span::current()));
    match task.await {
        Ok(Ok(response)) => response,
        Err(broken) => {
            // The panic hook has logged a panic already, with its location.
            if !broken.is_panic() {
                tracing::error!("the request's task was aborted");
            }
            internal(request_id).map(Body::from)
        }
    }
}

/// Builds the router's request from known parts only, so that no other extension gets through.
async fn build_request<B>(
    request: Request<B>,
    metadata: RequestMetadata,
) -> Result<Request<Body>, BodyRefused>
where
    B: http_body::Body<Data = Bytes>,
{
    let (parts, body) = request.into_parts();
    let mut admitted = Request::new(Body::from(collect(body).await?));
    *admitted.method_mut() = parts.method;
    *admitted.uri_mut() = origin_form(&parts.uri);
    *admitted.headers_mut() = parts.headers;
    let extensions = admitted.extensions_mut();
    extensions.insert(metadata.request_id);
    extensions.insert(metadata.client_ip);
    if let Some(trigger) = metadata.trigger {
        extensions.insert(trigger);
    }
    Ok(admitted)
}

impl RequestMetadata {
    /// The span whose fields all lines of this request share. Its level is error, because a lower one would
    /// vanish with its request id under `RUST_LOG=warn`. A job over HTTP records its name in `cron` later.
    fn span(&self) -> Span {
        let span = tracing::error_span!("request", request_id = self.request_id.0, cron = Empty);
        if let Some(Trigger(event)) = &self.trigger {
            span.record("cron", &*event.job);
        }
        span
    }
}
