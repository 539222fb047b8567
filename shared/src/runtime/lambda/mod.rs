//! AWS Lambda: an invocation is a JSON document, either a function URL's request or a schedule's payload.
//!
//! `lambda_runtime` provides the runtime loop. Events are parsed and replies built here, because the conversion
//! of `lambda_http` panics on a raw query such as `a=<b>`, turns a `?` in the path into a query, and keeps only
//! one of several answer headers with the same name (`infra/decisions/0001-lambda-http.md`).

mod event;
mod reply;

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use lambda_runtime::{Diagnostic, LambdaEvent, LambdaInvocation, Runtime, service_fn};
use serde_json::Value;
use tower::util::MapRequestLayer;

use super::answer::{RequestMetadata, answer};
use super::problem::{internal, problem};
use super::{ClientIp, RequestId, ScheduledEvent, ServeError, Service, Trigger};
use crate::telemetry::{Telemetry, in_invocation};
use reply::Reply;

/// Serves until Lambda ends the process.
pub(super) async fn serve(service: Service) -> Result<(), ServeError> {
    let service = Arc::new(service);
    let handler = service_fn(move |invocation: LambdaEvent<Value>| {
        let service = Arc::clone(&service);
        async move {
            // Telemetry is sent before the answer, because Lambda freezes the process after it.
            let watched = Telemetry::installed().begin();
            let answer = watched.around(handle(&service, invocation)).await;
            watched.end(answer.is_ok()).await;
            answer
        }
    });
    // Without the runtime's own tracing layer, whose span would repeat the request id under another name.
    // The runtime parses the event itself, so its bytes are checked first.
    let judged = MapRequestLayer::new(|invocation: LambdaInvocation| LambdaInvocation {
        body: event::neutralize(invocation.body),
        ..invocation
    });
    let ended = Runtime::new(handler).layer(judged).run().await;
    ended.map_err(|source| ServeError::Runtime { platform: "AWS Lambda", source })
}

async fn handle(service: &Service, invocation: LambdaEvent<Value>) -> Result<Reply, Failed> {
    let request_id = RequestId::from_platform(Some(&invocation.context.request_id));
    if event::is_http(&invocation.payload) {
        Ok(respond(service, invocation.payload, request_id).await)
    } else {
        run(service, &invocation.payload, request_id).await
    }
}

/// Answers a client; an error becomes an HTTP answer and not a failed invocation.
async fn respond(service: &Service, payload: Value, request_id: RequestId) -> Reply {
    let response = match event::read(payload) {
        Some((request, client_ip)) => {
            let metadata = RequestMetadata { request_id: request_id.clone(), client_ip, trigger: None };
            buffer(answer(service.router.clone(), request, metadata).await, &request_id).await
        }
        None => problem(StatusCode::BAD_REQUEST, "the request could not be read", &request_id),
    };
    Reply::http(response)
}

/// Runs the job of a schedule. A failed run fails the invocation, so that the scheduler retries it and finally
/// puts it into the dead letter queue.
async fn run(service: &Service, payload: &Value, request_id: RequestId) -> Result<Reply, Failed> {
    let Some((event, path)) = ScheduledEvent::read(payload).zip(service.job_path) else {
        tracing::error!(
            request_id = request_id.0,
            "the payload is no request and no schedule of this function"
        );
        return Err(Failed("the payload is no request and no schedule of this function"));
    };
    let cron = event.job.clone();
    let Ok(request) = Request::post(path).body(Empty::<Bytes>::new()) else {
        tracing::error!(request_id = request_id.0, cron, path, "the job's path is invalid");
        return Err(Failed("the job's path is invalid"));
    };
    let metadata = RequestMetadata {
        request_id: request_id.clone(),
        client_ip: ClientIp(None),
        trigger: Some(Trigger(event)),
    };
    let response = buffer(answer(service.router.clone(), request, metadata).await, &request_id).await;
    let status = response.status();
    if status.is_server_error() {
        tracing::warn!(request_id = request_id.0, cron, status = status.as_u16(), "the scheduled run failed");
        return Err(Failed("the scheduled run failed"));
    }
    if status.is_client_error() {
        tracing::error!(
            request_id = request_id.0,
            cron,
            status = status.as_u16(),
            "the scheduled run was refused"
        );
    }
    Ok(Reply::job(&response))
}

/// Reads the whole answer in its own task, because a streamed body can panic too.
async fn buffer(response: Response, request_id: &RequestId) -> http::Response<Bytes> {
    let (parts, body) = response.into_parts();
    match tokio::spawn(in_invocation(body.collect())).await {
        Ok(Ok(collected)) => http::Response::from_parts(parts, collected.to_bytes()),
        Ok(Err(_)) | Err(_) => {
            tracing::error!(request_id = request_id.0, "the answer's body broke off");
            internal(request_id)
        }
    }
}

/// Why an invocation failed, as a fixed text: Lambda logs it and sends it to the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed(&'static str);

impl From<Failed> for Diagnostic {
    fn from(Failed(reason): Failed) -> Self {
        Self { error_type: "Failed".to_owned(), error_message: reason.to_owned() }
    }
}
