//! A stand-in for PostHog: `POST /batch/` with what it asks of an event.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use shared::domain::kernel::time;
use shared::json::read_trusted;

use crate::fault::{Call, Faults, Operation};
use crate::outbox::Provider;

/// The key of the sandbox's project.
pub const API_KEY: &str = "phc_sandbox_project_key";

const MAX_BYTES: usize = 20 * 1024 * 1024;
/// What one event may take, and its name.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
const MAX_NAME_CHARS: usize = 200;

/// PostHog, as far as this project talks to it; all clones share one state, which is gone with the last.
#[derive(Debug, Clone)]
pub struct PostHogStandIn {
    faults: Faults,
    state: Arc<Mutex<Kept>>,
}

#[derive(Debug, Clone, Default)]
struct Kept {
    captured: Vec<Captured>,
    requests: u64,
}

/// One event that PostHog took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captured {
    /// By which repetitions are known.
    pub uuid: String,
    /// What kind of thing it is.
    pub event: String,
    pub distinct_id: String,
    pub timestamp: String,
    pub properties: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    api_key: String,
    batch: Vec<Captured>,
}

impl PostHogStandIn {
    /// A PostHog that obeys `faults`.
    pub(crate) fn new(faults: Faults) -> Self {
        Self { faults, state: Arc::default() }
    }

    /// The same state once more, to go its own way from here.
    pub(crate) fn copy(&self, faults: Faults) -> Self {
        Self { faults, state: Arc::new(Mutex::new(self.state().clone())) }
    }

    pub fn router(&self) -> Router {
        Router::new().route("/batch/", post(capture)).with_state(self.clone())
    }

    /// What was taken, in the order in which it came; what came twice stands here twice.
    pub fn captured(&self) -> Vec<Captured> {
        self.state().captured.clone()
    }

    /// How many requests arrived, by operation and failed ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        let requests = self.state().requests;
        let counted = (requests > 0).then(|| (Operation::Batch.name().to_owned(), requests));
        counted.into_iter().collect()
    }

    /// Starts the request counts again.
    pub fn reset_requests(&self) {
        self.state().requests = 0;
    }

    fn take(&self, body: &[u8]) -> Response {
        if body.len() > MAX_BYTES {
            return trouble(StatusCode::PAYLOAD_TOO_LARGE, None);
        }
        let Ok(Batch { api_key, batch }) = read_trusted(body) else {
            return trouble(StatusCode::BAD_REQUEST, None);
        };
        if api_key != API_KEY {
            return trouble(StatusCode::UNAUTHORIZED, None);
        }
        if batch.is_empty() || !batch.iter().all(Captured::is_valid) {
            return trouble(StatusCode::BAD_REQUEST, None);
        }
        self.state().captured.extend(batch);
        Json(json!({"status": "Ok"})).into_response()
    }

    fn state(&self) -> MutexGuard<'_, Kept> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Captured {
    fn is_valid(&self) -> bool {
        let bytes = serde_json::to_vec(self).map_or(usize::MAX, |text| text.len());
        let is_named = !self.event.is_empty() && self.event.len() <= MAX_NAME_CHARS;
        let is_known = uuid::Uuid::parse_str(&self.uuid).is_ok() && !self.distinct_id.is_empty();
        is_named && is_known && time::parse(&self.timestamp).is_some() && bytes <= MAX_EVENT_BYTES
    }
}

async fn capture(State(posthog): State<PostHogStandIn>, body: Bytes) -> Response {
    posthog.state().requests += 1;
    let (provider, operation) = (Provider::PostHog, Operation::Batch);
    let call = Call { provider, operation, company: None, refuse: trouble };
    let faults = posthog.faults.clone();
    faults.around(call, move || posthog.take(&body)).await
}

fn trouble(status: StatusCode, _code: Option<&str>) -> Response {
    let error = json!({"type": "validation_error", "code": "invalid", "detail": "the sandbox refuses it"});
    (status, Json(error)).into_response()
}
