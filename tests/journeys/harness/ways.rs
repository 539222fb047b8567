//! The ways out of a worker, each through the gate: to the table and to the providers.

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use local::embedded::{EmbeddedDynamo, RequestRecord};
use serde_json::Value;
use shared::store::keys::DUE_INDEX;

use super::gate::{Asked, Gate, Order};
use super::print::{print_of_answer, print_of_text};
use super::touch::Touch;

/// The largest answer of a stand-in.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A worker's way to the table.
#[derive(Clone)]
pub struct WayToTable {
    pub dynamo: EmbeddedDynamo,
    pub gate: Gate,
    pub worker: usize,
}

impl HttpClient for WayToTable {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for WayToTable {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(asked) = asked_of_table(&request) else { return self.dynamo.call(request) };
        let Self { dynamo, gate, worker } = self.clone();
        HttpConnectorFuture::new(async move {
            let question = (asked.touch == Touch::Index).then(|| question(&request));
            let (order, under_way) = gate.pass(worker, asked).await;
            let ordered = if let Order::Table(intervention) = order { Some(intervention) } else { None };
            let mut answer = dynamo.answer(request, ordered).await;
            if let (Some(question), Ok(answer)) = (question, &mut answer) {
                let now = text_of(answer).to_owned();
                if order == Order::Stale {
                    *answer.body_mut() = SdkBody::from(gate.lags(&question, now));
                } else if answer.status().is_success() {
                    gate.answers(question, now);
                }
            }
            let text = answer.as_ref().ok().map(text_of);
            under_way.answered(text.map_or(0, print_of_answer));
            answer
        })
    }
}

impl std::fmt::Debug for WayToTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WayToTable({})", self.worker)
    }
}

fn text_of(answer: &HttpResponse) -> &str {
    answer.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// What is asked of the table; nothing where it only counts how often somebody asks. Those rows have a
/// protocol and proofs of their own and decide nothing here, so they would only multiply the orders.
fn asked_of_table(request: &HttpRequest) -> Option<Asked> {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let body: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    let record = RequestRecord::of(operation, &body);
    if record.kinds.len() == 1 && record.kinds.contains("LIMIT") {
        return None;
    }
    let kinds: Vec<&str> = record.kinds.iter().map(String::as_str).collect();
    let range = body["ExpressionAttributeValues"][":h"]["S"].as_str().unwrap_or_default();
    Some(Asked {
        touch: Touch::of_table(operation, &body),
        words: format!("{operation} {}{range}", kinds.join("+")),
    })
}

/// What an index is asked, apart from the time by which things are due: two looks at one queue ask the same.
fn question(request: &HttpRequest) -> String {
    let mut body: Value =
        serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    if body["IndexName"] == DUE_INDEX {
        let hash = body["ExpressionAttributeValues"][":h"].take();
        body["ExpressionAttributeValues"] = hash;
    }
    body.to_string()
}

/// The providers behind the gate of one worker.
pub fn way_to_providers(gate: Gate, worker: usize, stand_ins: Router) -> Router {
    stand_ins.layer(from_fn(move |request: Request, next: Next| {
        let gate = gate.clone();
        async move {
            let words = format!("{} {}", request.method(), request.uri().path());
            let touch = Touch::Provider { changes: !request.method().is_safe() };
            let (_, under_way) = gate.pass(worker, Asked { touch, words }).await;
            let (parts, body) = next.run(request).await.into_parts();
            let body = to_bytes(body, MAX_ANSWER_BYTES).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&body);
            under_way.answered(print_of_text(&format!("{} {text}", parts.status)));
            Response::from_parts(parts, Body::from(body))
        }
    }))
}
