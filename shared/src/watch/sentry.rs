//! Sentry's envelopes, written by hand: its own crates would bring a second HTTP stack, and watch more
//! than the log tells.
//!
//! Sources: develop.sentry.dev/sdk/foundations/transport/envelopes, develop.sentry.dev/sdk/foundations/transport/event-payloads

use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::check_in::{CheckIn, Status};
use super::dsn::Dsn;
use super::sink::Sink;
use crate::json::read_trusted;
use crate::logs::KeptLine;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub release: String,
    /// Which of several deployments.
    pub environment: String,
}

/// A client for one project.
#[derive(Debug, Clone)]
pub(super) struct Sentry {
    sink: Sink,
    deployment: Release,
}

/// What a line says of itself, and an event in words of its own.
const NOT_EXTRA: [&str; 7] = ["timestamp", "level", "service", "message", "request_id", "cron", "_aws"];

/// By which errors are found.
const TAGS: [&str; 4] = ["service", "request_id", "cron", "reason"];

impl Sentry {
    pub(super) fn new(http: reqwest::Client, dsn: &Dsn, deployment: Release) -> Self {
        Self { sink: Sink::new(http, "sentry", dsn.envelope_url(), dsn.auth_header()), deployment }
    }

    pub(super) fn environment(&self) -> &str {
        &self.deployment.environment
    }

    /// Sends a line of the log as an error; `more` of the same invocation are left out.
    pub(super) async fn report(&self, line: &KeptLine, more: u64, until: Instant) {
        let Some(event) = event(line, more, &self.deployment) else { return };
        let header = json!({"event_id": event["event_id"]});
        self.send(&header, "event", &event, until).await;
    }

    /// Says how far a job's run is.
    pub(super) async fn check_in(&self, check_in: &CheckIn, status: Status, until: Instant) {
        let Release { release, environment } = &self.deployment;
        let payload = check_in.payload(status, release, environment);
        self.send(&json!({}), "check_in", &payload, until).await;
    }

    /// An envelope holds one event at the most, so each item goes by itself.
    async fn send(&self, header: &Value, kind: &str, payload: &Value, until: Instant) {
        let payload = payload.to_string();
        let item = json!({"type": kind, "length": payload.len()});
        let envelope = format!("{header}\n{item}\n{payload}\n");
        self.sink.send("application/x-sentry-envelope", envelope.into_bytes(), until).await;
    }
}

/// The event that a line is. Its id follows from the line, so that the same line is the same event.
fn event(line: &KeptLine, more: u64, deployment: &Release) -> Option<Value> {
    let fields: Map<String, Value> = read_trusted(&line.json).ok()?;
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, &line.json);
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let named = |name: &&str| Some(((*name).to_owned(), json!(text(name)?)));
    let tags: Map<String, Value> = TAGS.iter().filter_map(named).collect();
    let is_extra = |(name, _): &(&String, &Value)| !NOT_EXTRA.contains(&name.as_str());
    let mut extra: Map<String, Value> =
        fields.iter().filter(is_extra).map(|(name, value)| (name.clone(), value.clone())).collect();
    if more > 0 {
        extra.insert("further_errors".to_owned(), json!(more));
    }
    let message = text("message").unwrap_or_default();
    let mut event = json!({
        "event_id": id.simple().to_string(),
        "timestamp": text("timestamp"),
        "platform": "other",
        "level": "error",
        "message": {"formatted": message},
        "release": deployment.release,
        "environment": deployment.environment,
        "tags": tags,
        "extra": extra,
        "fingerprint": [text("service"), message, text("reason")],
    });
    if let Some(route) = text("route") {
        event["transaction"] = json!(route);
    }
    Some(event)
}
