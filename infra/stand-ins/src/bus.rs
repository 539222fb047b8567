//! A stand-in for EventBridge: `PutEvents` with its limits, and a result for each entry.
//!
//! A fault rule without a company applies to whole requests; one with a company refuses that company's
//! entries, and the others of the same request are accepted.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::json::read_trusted;

use crate::base::headers::header_text;
use crate::base::{JournaledState, ProviderState, StandIn};
use crate::fault::{Call, Operation};
use crate::outbox::Provider;

/// The name of the bus of the local server.
pub const BUS: &str = "sandbox";

const TARGET: &str = "AWSEvents.PutEvents";
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 256 * 1024;
/// The longest kind that Scheduler and Pipes accept.
const MAX_TYPE_CHARS: usize = 128;
/// The size that a timestamp counts for.
const TIME_BYTES: usize = 14;

/// EventBridge, as far as this project talks to it.
pub type BusStandIn = StandIn<Bus>;

/// The accepted entries, in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Bus(Vec<ReceivedEvent>);

/// One entry that the bus took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceivedEvent {
    /// When it came, by the sandbox's clock.
    pub at: DateTime<Utc>,
    pub bus: String,
    pub source: String,
    /// The detail type, the kind of the event.
    pub detail_type: String,
    pub detail: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    event_bus_name: Option<String>,
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    time: Option<f64>,
}

impl BusStandIn {
    pub fn router(&self) -> Router {
        Router::new().route("/", post(put)).with_state(self.clone())
    }

    /// The accepted entries in order of arrival, including duplicates.
    pub fn received(&self) -> Vec<ReceivedEvent> {
        self.state().0.clone()
    }

    fn put(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let entries = match read(headers, body) {
            Ok(entries) => entries,
            Err(kind) => return refusal(StatusCode::BAD_REQUEST, kind),
        };
        let results: Vec<Result<ReceivedEvent, &'static str>> =
            entries.into_iter().map(|entry| self.take(entry)).collect();
        let received: Vec<ReceivedEvent> = results.iter().filter_map(|result| result.clone().ok()).collect();
        let mut state = self.state();
        let first = state.0.len();
        self.commit(&mut state, vec![], received);
        let failed = results.iter().filter(|result| result.is_err()).count();
        let answers: Vec<Value> =
            results.iter().enumerate().map(|(n, result)| answer(first + n, result)).collect();
        Json(json!({"FailedEntryCount": failed, "Entries": answers})).into_response()
    }

    fn take(&self, entry: Entry) -> Result<ReceivedEvent, &'static str> {
        let bus = entry.event_bus_name.unwrap_or_else(|| "default".to_owned());
        let (Some(source), Some(detail_type), Some(detail)) = (entry.source, entry.detail_type, entry.detail)
        else {
            return Err("InvalidArgument");
        };
        let detail: Value = read_trusted(detail.as_bytes()).unwrap_or_default();
        if !detail.is_object() {
            return Err("MalformedDetail");
        }
        let company = detail["company_id"].as_str().map(str::to_owned);
        if self.faults().refuses_part(&Call::to::<Bus>(Operation::PutEvents, company)) {
            return Err("InternalFailure");
        }
        Ok(ReceivedEvent { at: self.now(), bus, source, detail_type, detail })
    }
}

impl JournaledState for Bus {
    const NAME: &'static str = "bus";
    type Changes = Vec<ReceivedEvent>;

    fn apply(&mut self, received: Vec<ReceivedEvent>) {
        self.0.extend(received);
    }
}

impl ProviderState for Bus {
    const PROVIDER: Provider = Provider::EventBridge;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        refusal(status, "InternalException")
    }
}

async fn put(State(bus): State<BusStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    bus.answer(Operation::PutEvents, None, move |bus| bus.put(&headers, &body)).await
}

/// The entries of a request, or the name of its error.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let text = |name: &str| header_text(headers, name);
    if !text(header::AUTHORIZATION.as_str()).starts_with("AWS4-HMAC-SHA256 ") {
        return Err("MissingAuthenticationTokenException");
    }
    if text("x-amz-target") != TARGET {
        return Err("UnknownOperationException");
    }
    let read: Result<PutEvents, _> = read_trusted(body);
    let Ok(PutEvents { entries }) = read else {
        return Err("SerializationException");
    };
    let bytes: usize = entries.iter().map(Entry::bytes).sum();
    let is_long = |entry: &Entry| entry.detail_type.as_ref().is_some_and(|kind| kind.len() > MAX_TYPE_CHARS);
    let is_valid = (1..=MAX_ENTRIES).contains(&entries.len()) && bytes < MAX_BYTES;
    if !is_valid || entries.iter().any(is_long) {
        return Err("ValidationException");
    }
    Ok(entries)
}

impl Entry {
    fn bytes(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        texts + self.time.map_or(0, |_| TIME_BYTES)
    }
}

fn answer(number: usize, result: &Result<ReceivedEvent, &'static str>) -> Value {
    match result {
        Ok(_) => json!({"EventId": format!("00000000-0000-4000-8000-{number:012}")}),
        Err(code) => json!({"ErrorCode": code, "ErrorMessage": "an entry that the sandbox does not take"}),
    }
}

fn refusal(status: StatusCode, kind: &str) -> Response {
    (status, Json(json!({"__type": kind, "message": "the sandbox refuses it"}))).into_response()
}
