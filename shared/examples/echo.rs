//! A service that shows what reaches a router, for the protocol tests in `tests/runtime_protocol`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Json, Router};
use bytes::Bytes;
use serde_json::json;
use shared::runtime::{ClientIp, RequestId, ServeError, Service, Trigger, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), ServeError> {
    let router = Router::new()
        .route(
            "/ok",
            get(|Extension(RequestId(id)): Extension<RequestId>| async move { Json(json!({ "id": id })) }),
        )
        .route("/panic", get(panic))
        .route("/echo-path", any(|uri: Uri| async move { uri.to_string() }))
        .route(
            "/client-ip",
            get(|Extension(ClientIp(ip)): Extension<ClientIp>| async move { format!("{ip:?}") }),
        )
        .route("/length", post(|body: Bytes| async move { body.len().to_string() }))
        .route("/stream", get(stream))
        .route("/job", post(job));
    serve(Service { name: "echo", router, job_path: Some("/job") }).await
}

async fn panic() -> Response {
    panic!("the payload of a panic may hold a customer's data")
}

async fn job(trigger: Option<Extension<Trigger>>) -> Response {
    let Some(Extension(Trigger(event))) = trigger else { return StatusCode::UNAUTHORIZED.into_response() };
    tracing::info!(done = 1, metrics = "done:Count", "run finished");
    match event.job.as_str() {
        "broken" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "panic" => panic().await,
        _ => Json(json!({ "job": event.job, "scheduled_at": event.scheduled_at })).into_response(),
    }
}

/// Two parts with a pause between them, long enough to see which comes first, the second or the end.
async fn stream() -> Body {
    Body::from_stream(futures_util::stream::unfold(0, |part| async move {
        tokio::time::sleep(Duration::from_millis(300 * part)).await;
        (part < 2).then(|| (Ok::<_, Infallible>(format!("part {part}\n")), part + 1))
    }))
}
