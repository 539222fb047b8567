//! A stand-in for one source at Better Stack, which takes lines of JSON.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;
use shared::domain::kernel::time;
use shared::json::read_trusted;

use crate::fault::{Call, Faults, Operation};
use crate::outbox::Provider;

/// What opens the source.
pub const SOURCE_TOKEN: &str = "sandbox-source-token";

/// Where it stands here; in life it has a host of its own.
pub const PATH: &str = "/better-stack";

/// How many lines are remembered.
const MAX_LINES: usize = 1_000;

const MAX_BYTES: usize = 10 * 1024 * 1024;

/// The source; all clones share one state, which is gone with the last.
#[derive(Debug, Clone)]
pub struct BetterStackStandIn {
    faults: Faults,
    state: Arc<Mutex<Kept>>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    lines: Vec<Value>,
    requests: u64,
}

impl BetterStackStandIn {
    /// A source that obeys `faults`.
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, state: Arc::default() }
    }

    pub fn router(&self) -> Router {
        Router::new().route(&format!("{PATH}/"), post(ingest)).with_state(self.clone())
    }

    /// The newest lines that were taken, in the order in which they came.
    pub fn lines(&self) -> Vec<Value> {
        self.state().lines.clone()
    }

    /// How many requests arrived, failed ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        let requests = self.state().requests;
        let counted = (requests > 0).then(|| (Operation::Ingest.name().to_owned(), requests));
        counted.into_iter().collect()
    }

    fn take(&self, headers: &HeaderMap, body: &[u8]) -> Response {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if text(header::AUTHORIZATION) != format!("Bearer {SOURCE_TOKEN}") {
            return trouble(StatusCode::FORBIDDEN, None);
        }
        if body.len() > MAX_BYTES {
            return trouble(StatusCode::PAYLOAD_TOO_LARGE, None);
        }
        let is_lines = text(header::CONTENT_TYPE) == "application/x-ndjson";
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let lines: Result<Vec<Value>, _> = lines.map(read_trusted).collect();
        let is_dated = |line: &Value| line["dt"].as_str().is_some_and(|at| time::parse(at).is_some());
        match lines {
            Ok(lines) if is_lines && !lines.is_empty() && lines.iter().all(is_dated) => {
                let mut state = self.state();
                state.lines.extend(lines);
                let beyond = state.lines.len().saturating_sub(MAX_LINES);
                state.lines.drain(..beyond);
                StatusCode::ACCEPTED.into_response()
            }
            _ => trouble(StatusCode::NOT_ACCEPTABLE, None),
        }
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ingest(State(source): State<BetterStackStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    source.state().requests += 1;
    let (provider, operation) = (Provider::BetterStack, Operation::Ingest);
    let call = Call { provider, operation, company: None, refuse: trouble };
    let faults = source.faults.clone();
    faults.around(call, move || source.take(&headers, &body)).await
}

fn trouble(status: StatusCode, _code: Option<&str>) -> Response {
    (status, "the sandbox refuses it").into_response()
}
