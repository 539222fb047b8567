//! What happens between a request's arrival and its answer, the same everywhere.

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
use crate::watch::in_invocation;

/// What the platform knows about a request.
pub(super) struct Arrival {
    pub(super) request_id: RequestId,
    pub(super) client_ip: ClientIp,
    pub(super) trigger: Option<Trigger>,
}

/// Asks the router, and always has an answer.
pub(super) async fn answer<B>(router: Router, request: Request<B>, arrival: Arrival) -> Response
where
    B: http_body::Body<Data = Bytes>,
{
    let span = arrival.span();
    async move {
        let request_id = arrival.request_id.clone();
        match admit(request, arrival).await {
            Ok(request) => ask(router, request, &request_id).await,
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

/// Runs the router in a task of its own: a panic ends that task and not the connection,
/// on which the platform would wait; and money work goes on when the client hangs up.
async fn ask(router: Router, request: Request<Body>, request_id: &RequestId) -> Response {
    let task = tokio::spawn(in_invocation(router.oneshot(request)).instrument(Span::current()));
    match task.await {
        Ok(Ok(response)) => response,
        Err(broken) => {
            // The panic hook has logged a panic already, with its place.
            if !broken.is_panic() {
                tracing::error!("the request was given up");
            }
            internal(request_id).map(Body::from)
        }
    }
}

/// Builds the router's request from nothing but what is meant for it, so that no extension comes along unseen.
async fn admit<B>(request: Request<B>, arrival: Arrival) -> Result<Request<Body>, BodyRefused>
where
    B: http_body::Body<Data = Bytes>,
{
    let (parts, body) = request.into_parts();
    let mut admitted = Request::new(Body::from(collect(body).await?));
    *admitted.method_mut() = parts.method;
    *admitted.uri_mut() = origin_form(&parts.uri);
    *admitted.headers_mut() = parts.headers;
    let extensions = admitted.extensions_mut();
    extensions.insert(arrival.request_id);
    extensions.insert(arrival.client_ip);
    if let Some(trigger) = arrival.trigger {
        extensions.insert(trigger);
    }
    Ok(admitted)
}

impl Arrival {
    /// The span whose fields every line of this request bears. It is an error span, because a lower one
    /// would vanish with its request id under `RUST_LOG=warn`. A job that came over HTTP records its
    /// name into `cron` later.
    fn span(&self) -> Span {
        let span = tracing::error_span!("request", request_id = self.request_id.0, cron = Empty);
        if let Some(Trigger(event)) = &self.trigger {
            span.record("cron", &*event.job);
        }
        span
    }
}
