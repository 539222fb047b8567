//! PostHog: what happened, for those who count it.
//!
//! PostHog drops repetitions of the same `uuid` of the same day, event and `distinct_id`, some time after it
//! took them. So an event that is sent again is sent the same, its own time included.
//!
//! Source: posthog.com/docs/api/capture, posthog.com/docs/how-posthog-works/ingestion-pipeline

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::kernel::time;
use crate::domain::platform::action::Source;
use crate::domain::platform::announcement::{Announcement, names_a_person};

/// Events of one request. PostHog takes up to 20 MB, and a row of ours is below 400 KB.
pub const MAX_EVENTS: usize = 40;

/// Nothing waits for the answer but the next request of the same kind.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// A client for one project.
#[derive(Clone)]
pub struct PostHog {
    http: reqwest::Client,
    url: String,
    api_key: String,
}

/// Why PostHog took nothing, or may have taken nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// It takes offence at what it was sent: another request may fare better.
    #[error("PostHog refuses the request: status {0}")]
    Refused(u16),
    /// It is not there for us, or nobody knows what it took.
    #[error("PostHog does not answer: {0}")]
    Silent(String),
}

impl PostHog {
    /// The project that `api_key` opens, at `host`.
    pub fn new(http: reqwest::Client, host: &str, api_key: &str) -> Self {
        let url = format!("{}/batch/", host.trim_end_matches('/'));
        Self { http, url, api_key: api_key.to_owned() }
    }

    /// Sends events that [`event`] wrote, [`MAX_EVENTS`] at the most; all of them are taken, or none.
    pub async fn capture(&self, events: &[Value]) -> Result<(), CaptureError> {
        let body = json!({"api_key": self.api_key, "batch": events});
        let answer = self.http.post(&self.url).timeout(CALL_TIMEOUT).json(&body).send().await;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => Ok(()),
            Ok(status @ (400 | 413 | 422)) => Err(CaptureError::Refused(status)),
            Ok(status) => Err(CaptureError::Silent(format!("status {status}"))),
            Err(error) if error.is_timeout() => Err(CaptureError::Silent("no answer in time".to_owned())),
            Err(_) => Err(CaptureError::Silent("no answer".to_owned())),
        }
    }
}

/// An announcement in PostHog's words: of a company, and of nobody in it.
pub fn event(announcement: &Announcement, source: Option<Source>) -> Value {
    let Announcement { event_id, occurred_at, company_id, kind, subject } = announcement;
    let subject = (!names_a_person(kind)).then_some(subject);
    let mut properties = json!({
        "$process_person_profile": false,
        // Where we are is not where anybody of the company is.
        "$geoip_disable": true,
    });
    if let Some(source) = source {
        properties["source"] = json!(source);
    }
    if let Some(subject) = subject {
        properties["subject"] = json!(subject);
    }
    json!({
        "uuid": event_id,
        "event": kind,
        "distinct_id": company_id,
        "timestamp": time::format(*occurred_at),
        "properties": properties,
    })
}

impl std::fmt::Debug for PostHog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PostHog({})", self.url)
    }
}
