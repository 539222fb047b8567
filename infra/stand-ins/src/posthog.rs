//! A stand-in for PostHog: `POST /batch/` with its requirements for events.

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

use crate::base::{ProviderState, StandIn};
use crate::fault::Operation;
use crate::outbox::Provider;

/// The key of the sandbox's project.
pub const API_KEY: &str = "phc_sandbox_project_key";

const MAX_BYTES: usize = 20 * 1024 * 1024;
/// The longest event and the longest name that are accepted.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
const MAX_NAME_CHARS: usize = 200;

/// PostHog. Its state is dropped with the last clone.
pub type PostHogStandIn = StandIn<Project>;

/// The accepted events, in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Project(Vec<Captured>);

/// One event that PostHog took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captured {
    /// By which repetitions are known.
    pub uuid: String,
    /// The event's name, its kind.
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
    pub fn router(&self) -> Router {
        Router::new().route("/batch/", post(capture)).with_state(self.clone())
    }

    /// The accepted events in order of arrival, including duplicates.
    pub fn captured(&self) -> Vec<Captured> {
        self.state().0.clone()
    }

    fn take(&self, body: &[u8]) -> Response {
        if body.len() > MAX_BYTES {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Ok(Batch { api_key, batch }) = read_trusted(body) else {
            return refusal(StatusCode::BAD_REQUEST);
        };
        if api_key != API_KEY {
            return refusal(StatusCode::UNAUTHORIZED);
        }
        if batch.is_empty() || !batch.iter().all(Captured::is_valid) {
            return refusal(StatusCode::BAD_REQUEST);
        }
        self.state().0.extend(batch);
        Json(json!({"status": "Ok"})).into_response()
    }
}

impl ProviderState for Project {
    const PROVIDER: Provider = Provider::PostHog;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        refusal(status)
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
    posthog.answer(Operation::Batch, None, move |posthog| posthog.take(&body)).await
}

fn refusal(status: StatusCode) -> Response {
    let error = json!({"type": "validation_error", "code": "invalid", "detail": "the sandbox refuses it"});
    (status, Json(error)).into_response()
}
