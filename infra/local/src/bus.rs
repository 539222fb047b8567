//! A stand-in for EventBridge: `PutEvents` with its limits, and an answer for each entry.
//!
//! A fault rule for every company concerns whole requests; one that names a company refuses that company's
//! entries one by one, and the others of the same request are taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

use crate::clock::SandboxClock;
use crate::fault::{Call, Faults, Operation};
use crate::journal::{Journal, Record};
use crate::outbox::Provider;

/// The name of the bus of the local server.
pub const BUS: &str = "sandbox";

const TARGET: &str = "AWSEvents.PutEvents";
const MAX_ENTRIES: usize = 10;
const MAX_BYTES: usize = 256 * 1024;
/// What Scheduler and Pipes take for a kind.
const MAX_TYPE_CHARS: usize = 128;
/// What a time counts for.
const TIME_BYTES: usize = 14;

/// The bus, as far as this project talks to it; all clones share one state.
#[derive(Debug, Clone)]
pub struct BusStandIn {
    clock: SandboxClock,
    faults: Faults,
    journal: Journal,
    state: Arc<Mutex<Kept>>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    received: Vec<ReceivedEvent>,
    requests: u64,
}

/// One entry that the bus took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceivedEvent {
    /// When it came, by the sandbox's clock.
    pub at: DateTime<Utc>,
    pub bus: String,
    pub source: String,
    /// What kind of thing it is.
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
    /// A bus that tells time by `clock`, obeys `faults` and remembers in `journal`.
    pub(crate) fn new(clock: SandboxClock, faults: Faults, journal: Journal) -> Self {
        Self { clock, faults, journal, state: Arc::default() }
    }

    /// The same state once more, to go its own way from here.
    pub(crate) fn copy(&self, clock: SandboxClock, faults: Faults) -> Self {
        let state = Arc::new(Mutex::new(self.state().clone()));
        Self { clock, faults, journal: Journal::default(), state }
    }

    pub fn router(&self) -> Router {
        Router::new().route("/", post(put)).with_state(self.clone())
    }

    /// What the bus took, in the order in which it came; what came twice stands here twice.
    pub fn received(&self) -> Vec<ReceivedEvent> {
        self.state().received.clone()
    }

    /// How many requests arrived, by operation and failed ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        let requests = self.state().requests;
        let counted = (requests > 0).then(|| (Operation::PutEvents.name().to_owned(), requests));
        counted.into_iter().collect()
    }

    /// Starts the request counts again.
    pub fn reset_requests(&self) {
        self.state().requests = 0;
    }

    /// Does again what was written.
    pub(crate) fn replay(&self, mut received: Vec<ReceivedEvent>) {
        self.state().received.append(&mut received);
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
        let first = state.received.len();
        self.journal.write(&Record { bus: received.clone(), ..Record::default() });
        state.received.extend(received);
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
        let (provider, operation) = (Provider::EventBridge, Operation::PutEvents);
        if self.faults.refuses_part(&Call { provider, operation, company, refuse: trouble }) {
            return Err("InternalFailure");
        }
        Ok(ReceivedEvent { at: self.clock.now(), bus, source, detail_type, detail })
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn put(State(bus): State<BusStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    bus.state().requests += 1;
    let (provider, operation) = (Provider::EventBridge, Operation::PutEvents);
    let call = Call { provider, operation, company: None, refuse: trouble };
    let faults = bus.faults.clone();
    faults.around(call, move || bus.put(&headers, &body)).await
}

/// The entries of a request, or the name of what is wrong with it.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Entry>, &'static str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
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

fn trouble(status: StatusCode, _code: Option<&str>) -> Response {
    refusal(status, "InternalException")
}
