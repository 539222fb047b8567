//! Heartbeats of jobs by the protocol of healthchecks.io: a request when a run starts and one when it ends. Who does
//! not hear of a job in time reports it, so the watch works without our account.
//!
//! The URL is `<host>/<ping key>/<slug>`, followed by `/start` or `/fail`; `create=1` makes the check with the first
//! request, and `rid` connects the two requests of a run.
//!
//! Source: healthchecks.io/docs/http_api

use tokio::time::Instant;
use uuid::Uuid;

use super::sink::Sink;
use crate::domain::kernel::time;
use crate::domain::platform::job::{Job, Occurrence};

/// The service and the key of a project there.
#[derive(Clone, PartialEq, Eq)]
pub struct HeartbeatService {
    /// The URL before the ping key.
    pub host: String,
    pub ping_key: String,
}

#[derive(Debug, Clone)]
pub(super) struct Heartbeats(Sink);

/// One run of a job, as its check shows it.
#[derive(Debug, Clone)]
pub(super) struct Heartbeat {
    slug: String,
    run_id: Uuid,
}

/// What is told about a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Signal {
    Start,
    Success,
    /// With the reason, for people to read.
    Fail(String),
}

impl Heartbeat {
    /// Two starts of the same occurrence are one run.
    pub(super) fn of(job: Job, occurrence: &Occurrence) -> Self {
        let name = format!("heartbeat:{}:{}", job.name, time::format(occurrence.scheduled_at));
        Self {
            slug: format!("justonce-{}", job.name),
            run_id: Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()),
        }
    }
}

impl Heartbeats {
    pub(super) fn new(http: reqwest::Client, service: &HeartbeatService) -> Self {
        let HeartbeatService { host, ping_key } = service;
        let url = format!("{}/{ping_key}", host.trim_end_matches('/'));
        Self(Sink::new(http, "healthchecks", url, None))
    }

    pub(super) async fn send(&self, heartbeat: &Heartbeat, signal: Signal, until: Instant) {
        let (action, text) = match signal {
            Signal::Start => ("/start", String::new()),
            Signal::Success => ("", String::new()),
            Signal::Fail(reason) => ("/fail", reason),
        };
        let Heartbeat { slug, run_id } = heartbeat;
        let place = format!("/{slug}{action}?create=1&rid={run_id}");
        self.0.send_to(&place, "text/plain; charset=utf-8", text.into_bytes(), until).await;
    }
}

impl std::fmt::Debug for HeartbeatService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeartbeatService({})", self.host)
    }
}
