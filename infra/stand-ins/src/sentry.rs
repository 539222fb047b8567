//! A stand-in for Sentry: `POST /api/{project}/envelope/` with its rules for envelopes, events and check-ins.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::json::read_trusted;

use crate::base::headers::header_text;
use crate::base::{ProviderState, StandIn, keep_newest};
use crate::fault::Operation;
use crate::outbox::Provider;

/// The key and the number of the sandbox's project.
pub const PUBLIC_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The number of it.
pub const PROJECT: &str = "4501";

/// The largest event that is accepted.
const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// How many events, and how many check-ins, are remembered.
const MAX_KEPT: usize = 10_000;

const MAX_SLUG_CHARS: usize = 50;

/// Sentry. Its state is dropped with the last clone.
pub type SentryStandIn = StandIn<Project>;

/// The accepted items, in order of arrival.
#[derive(Debug, Clone, Default)]
pub struct Project {
    events: Vec<Value>,
    check_ins: Vec<Value>,
}

/// One item of an envelope.
struct Item {
    kind: String,
    payload: Value,
}

impl SentryStandIn {
    pub fn router(&self) -> Router {
        Router::new().route("/api/{project}/envelope/", post(envelope)).with_state(self.clone())
    }

    /// The errors that were taken, in the order in which they came.
    pub fn events(&self) -> Vec<Value> {
        self.state().events.clone()
    }

    /// The check-ins that were taken, in the order in which they came.
    pub fn check_ins(&self) -> Vec<Value> {
        self.state().check_ins.clone()
    }

    fn take(&self, project: &str, headers: &HeaderMap, body: &[u8]) -> Response {
        if project != PROJECT || !is_proven(header_text(headers, "x-sentry-auth")) {
            return refusal(StatusCode::FORBIDDEN);
        }
        if body.len() > MAX_EVENT_BYTES {
            return refusal(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Some(items) = read(body) else { return refusal(StatusCode::BAD_REQUEST) };
        let are_events = items.iter().filter(|item| item.kind == "event").count();
        if are_events > 1 || items.is_empty() {
            return refusal(StatusCode::BAD_REQUEST);
        }
        let mut state = self.state();
        for Item { kind, payload } in items {
            let list = if kind == "event" { &mut state.events } else { &mut state.check_ins };
            keep_newest(list, [payload], MAX_KEPT);
        }
        Json(json!({})).into_response()
    }
}

impl ProviderState for Project {
    const PROVIDER: Provider = Provider::Sentry;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        refusal(status)
    }
}

fn is_proven(proof: &str) -> bool {
    let fields = proof.strip_prefix("Sentry ").unwrap_or_default();
    let mut fields = fields.split(',').map(str::trim);
    let own = format!("sentry_key={PUBLIC_KEY}");
    fields.clone().any(|field| field == "sentry_version=7") && fields.any(|field| field == own)
}

/// A header, then pairs of an item's header and its payload, which is as long as its header says.
fn read(body: &[u8]) -> Option<Vec<Item>> {
    let text = std::str::from_utf8(body).ok()?;
    let (header, mut rest) = text.split_once('\n')?;
    read_trusted::<Value>(header.as_bytes()).ok()?.as_object()?;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (header, after) = rest.split_once('\n')?;
        let header: Value = read_trusted(header.as_bytes()).ok()?;
        let length = usize::try_from(header["length"].as_u64()?).ok()?;
        let (payload, after) = after.split_at_checked(length)?;
        rest = after.strip_prefix('\n')?;
        let item = Item {
            kind: header["type"].as_str()?.to_owned(),
            payload: read_trusted(payload.as_bytes()).ok()?,
        };
        items.push(item.checked()?);
    }
    Some(items)
}

impl Item {
    fn checked(self) -> Option<Self> {
        let text = |name: &str| self.payload[name].as_str().unwrap_or_default();
        let is_id = |id: &str| id.len() == 32 && uuid::Uuid::parse_str(id).is_ok();
        let is_valid = match self.kind.as_str() {
            "event" => is_id(text("event_id")) && time::parse(text("timestamp")).is_some(),
            "check_in" => {
                let slug = text("monitor_slug");
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                is_id(text("check_in_id"))
                    && ["in_progress", "ok", "error"].contains(&text("status"))
                    && !slug.is_empty()
                    && slug.len() <= MAX_SLUG_CHARS
                    && slug.chars().all(plain)
            }
            _ => false,
        };
        is_valid.then_some(self)
    }
}

async fn envelope(
    State(sentry): State<SentryStandIn>,
    Path(project): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let act = move |sentry: &SentryStandIn| sentry.take(&project, &headers, &body);
    sentry.answer(Operation::Envelope, None, act).await
}

fn refusal(status: StatusCode) -> Response {
    (status, Json(json!({"detail": "the sandbox refuses it"}))).into_response()
}
