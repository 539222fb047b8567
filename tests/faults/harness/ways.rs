//! A worker's connections to the table and the providers, which pass the gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_LENGTH;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use local::embedded::{EmbeddedDynamo, RequestRecord};
use serde_json::Value;
use shared::store::keys::DUE_INDEX;

use super::defect::Defect;
use super::gate::{Asked, Order, RequestGate};
use super::print::{print_of_answer, print_of_text};
use super::touch::Touch;

/// The largest answer of the sandbox.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// A worker's connection to the table.
#[derive(Clone)]
pub struct TableConnection {
    pub dynamo: EmbeddedDynamo,
    pub gate: RequestGate,
    pub worker: usize,
    pub defects: &'static [Defect],
    /// The ranges whose queries decide nothing in this scenario, by the beginning of their names.
    pub unseen: &'static [&'static str],
}

impl HttpClient for TableConnection {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for TableConnection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let way = self.clone();
        HttpConnectorFuture::new(async move {
            let requests = way.sent(request);
            let (mut answers, mut parts) = (None, 0);
            for request in requests {
                parts += 1;
                let answer = way.ask(request).await?;
                let succeeded = answer.status().is_success();
                answers = Some(answer);
                if !succeeded {
                    break;
                }
            }
            let mut answer = answers.expect("something is sent");
            if parts > 1 || way.defects.contains(&Defect::TransactionTorn) {
                whole(&mut answer, parts);
            }
            Ok(answer)
        })
    }
}

impl TableConnection {
    /// The requests to send: the request itself, or what a defect makes of it.
    fn sent(&self, request: HttpRequest) -> Vec<HttpRequest> {
        if self.defects.is_empty() {
            return vec![request];
        }
        let (operation, body) = read(&request);
        let again = |body: Value| {
            let mut again = request.try_clone().expect("a request to the table has a plain body");
            *again.body_mut() = SdkBody::from(body.to_string());
            again
        };
        let with = |bodies: Vec<Value>, defect: &Defect| {
            bodies.into_iter().flat_map(|mut body| defect.change_request(&operation, &mut body)).collect()
        };
        self.defects.iter().fold(vec![body], with).into_iter().map(again).collect()
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let Some(asked) = asked_of_table(&request, self.unseen) else {
            return self.dynamo.call(request).await;
        };
        let question = (asked.touch == Touch::Index).then(|| question(&request));
        let (order, under_way) = self.gate.pass(self.worker, asked).await;
        let ordered = if let Order::Table(intervention) = order { Some(intervention) } else { None };
        let mut answer = self.dynamo.answer(request, ordered).await;
        if let (Some(question), Ok(answer)) = (question, &mut answer) {
            let now = text_of(answer).to_owned();
            if order == Order::Stale {
                *answer.body_mut() = SdkBody::from(self.gate.stale_answer(&question, now));
            } else if answer.status().is_success() {
                self.gate.store_answer(question, now);
            }
        }
        if let Ok(answer) = &mut answer
            && let Some(misread) = self.defects.iter().find_map(|defect| defect.change_read(text_of(answer)))
        {
            *answer.body_mut() = SdkBody::from(misread);
        }
        let text = answer.as_ref().ok().map(text_of);
        under_way.answered(text.map_or(0, print_of_answer));
        answer
    }
}

/// Turns the answer to the last part of a split transaction into an answer to the whole.
fn whole(answer: &mut HttpResponse, parts: usize) {
    let mut body: Value = serde_json::from_str(text_of(answer)).unwrap_or_default();
    if let Some(reasons) = body["CancellationReasons"].as_array_mut() {
        let fine = std::iter::repeat_n(serde_json::json!({"Code": "None"}), parts - 1);
        reasons.splice(0..0, fine);
        *answer.body_mut() = SdkBody::from(body.to_string());
    }
}

fn read(request: &HttpRequest) -> (String, Value) {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.rsplit('.').next().unwrap_or_default();
    let body = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
    (operation.to_owned(), body)
}

impl std::fmt::Debug for TableConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TableConnection({})", self.worker)
    }
}

fn text_of(answer: &HttpResponse) -> &str {
    answer.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The description of a table request; `None` for rate limit rows, for what a run measures at its end, and for ranges
/// that are unseen in the scenario: they have their own proofs, decide nothing here and would only multiply the orders.
fn asked_of_table(request: &HttpRequest, unseen: &[&str]) -> Option<Asked> {
    let (operation, body) = read(request);
    let record = RequestRecord::of(&operation, &body);
    let range = body["ExpressionAttributeValues"][":h"]["S"].as_str().unwrap_or_default();
    let is_limit = record.kinds.len() == 1 && record.kinds.contains("LIMIT");
    if is_limit || is_measurement(&body) || unseen.iter().any(|name| range.starts_with(name)) {
        return None;
    }
    let kinds: Vec<&str> = record.kinds.iter().map(String::as_str).collect();
    Some(Asked {
        touch: Touch::of_table(&operation, &body),
        words: format!("{operation} {}{range}", kinds.join("+")),
    })
}

/// Whether a request belongs to the gauges: the lists of what waits, the counters of the objectives, the state of all
/// jobs.
fn is_measurement(body: &Value) -> bool {
    let range = body["ExpressionAttributeValues"][":h"]["S"].as_str().unwrap_or_default();
    let counter = body["Key"]["pk"]["S"].as_str().unwrap_or_default();
    let mut batch = body["RequestItems"].as_object().into_iter().flatten();
    let is_of_jobs = batch.next().is_some_and(|(_, table)| {
        let mut keys = table["Keys"].as_array().into_iter().flatten();
        keys.all(|key| key["pk"]["S"].as_str().is_some_and(|pk| pk.starts_with("JOB#")))
    });
    range.starts_with("operator#waiting#")
        || range == "WEBHOOKS#ALL"
        || range == "JOB#objectives"
        || counter == "JOB#objectives"
        || is_of_jobs
}

/// The query of an index without its time, so that two reads of one queue are the same query.
fn question(request: &HttpRequest) -> String {
    let (_, mut body) = read(request);
    if body["IndexName"] == DUE_INDEX {
        let hash = body["ExpressionAttributeValues"][":h"].take();
        body["ExpressionAttributeValues"] = hash;
    }
    body.to_string()
}

/// The providers behind a worker's gate.
pub fn provider_connection(
    gate: RequestGate,
    worker: usize,
    defects: &'static [Defect],
    stand_ins: Router,
) -> Router {
    let calls = Arc::new(AtomicU64::new(0));
    stand_ins.layer(from_fn(move |mut request: Request, next: Next| {
        let (gate, number) = (gate.clone(), calls.fetch_add(1, Ordering::Relaxed));
        async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            defects.iter().for_each(|defect| defect.change_call(request.headers_mut(), number));
            let sent = params_of(&mut request, defects).await;
            let words = format!("{} {}", request.method(), request.uri().path());
            let touch = Touch::Provider { changes: !request.method().is_safe() };
            let (_, under_way) = gate.pass(worker, Asked { touch, words }).await;
            let (mut parts, body) = next.run(request).await.into_parts();
            let mut body = to_bytes(body, MAX_ANSWER_BYTES).await.unwrap_or_default();
            let change = |defect: &Defect| defect.change_answer(&method, &path, parts.status, &sent);
            let misheard = defects.iter().find_map(change);
            if let Some((status, text)) = misheard {
                (parts.status, body) = (status, text.to_string().into());
                parts.headers.remove(CONTENT_LENGTH);
                parts.headers.remove("stripe-should-retry");
            }
            let text = String::from_utf8_lossy(&body);
            under_way.answered(print_of_text(&format!("{} {text}", parts.status)));
            Response::from_parts(parts, Body::from(body))
        }
    }))
}

/// The parameters of a form; not parsed without defects.
async fn params_of(request: &mut Request, defects: &[Defect]) -> Value {
    if defects.is_empty() {
        return Value::Null;
    }
    let body = to_bytes(std::mem::take(request.body_mut()), MAX_ANSWER_BYTES).await.unwrap_or_default();
    let form = format!("http://form/?{}", String::from_utf8_lossy(&body));
    let params = reqwest::Url::parse(&form).expect("a form is a query");
    let params =
        params.query_pairs().map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())));
    *request.body_mut() = Body::from(body);
    params.collect()
}
