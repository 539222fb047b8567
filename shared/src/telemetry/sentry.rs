//! Sentry's envelopes, written by hand: Sentry's own crates would bring a second HTTP stack and collect more data
//! than the log holds.
//!
//! Sources: develop.sentry.dev/sdk/foundations/transport/envelopes, develop.sentry.dev/sdk/foundations/transport/event-payloads

use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::check_in::{CheckIn, Status};
use super::dsn::Dsn;
use super::sink::Sink;
use crate::json::read_trusted;
use crate::logs::BufferedLine;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub release: String,
    /// The name of the deployment.
    pub environment: String,
}

#[derive(Debug, Clone)]
pub(super) struct Sentry {
    sink: Sink,
    deployment: Release,
}

/// Fields of a line that have their own place in Sentry's event.
const NOT_EXTRA: [&str; 7] = ["timestamp", "level", "service", "message", "request_id", "cron", "_aws"];

/// The fields that errors can be searched by.
const TAGS: [&str; 4] = ["service", "request_id", "cron", "reason"];

impl Sentry {
    pub(super) fn new(http: reqwest::Client, dsn: &Dsn, deployment: Release) -> Self {
        let sink = Sink::new(http, "sentry", dsn.envelope_url(), Some(dsn.auth_header()));
        Self { sink, deployment }
    }

    pub(super) fn environment(&self) -> &str {
        &self.deployment.environment
    }

    /// Sends a log line as an error; `more` errors of the same invocation were left out.
    pub(super) async fn report(&self, line: &BufferedLine, more: u64, until: Instant) {
        let Some(event) = event(line, more, &self.deployment) else { return };
        let header = json!({"event_id": event["event_id"]});
        self.send(&header, "event", &event, until).await;
    }

    /// Sends the status of a job's run.
    pub(super) async fn check_in(&self, check_in: &CheckIn, status: Status, until: Instant) {
        let Release { release, environment } = &self.deployment;
        let payload = check_in.payload(status, release, environment);
        self.send(&json!({}), "check_in", &payload, until).await;
    }

    /// Sends one envelope per item, because an envelope holds at most one event.
    async fn send(&self, header: &Value, kind: &str, payload: &Value, until: Instant) {
        let payload = payload.to_string();
        let item = json!({"type": kind, "length": payload.len()});
        let envelope = format!("{header}\n{item}\n{payload}\n");
        self.sink.send("application/x-sentry-envelope", envelope.into_bytes(), until).await;
    }
}

/// Converts a line to an event. Its id is derived from the line, so that the same line is the same event.
fn event(line: &BufferedLine, more: u64, deployment: &Release) -> Option<Value> {
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
