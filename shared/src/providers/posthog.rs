//! PostHog: sends events to product analytics.
//!
//! PostHog later removes events with the same `uuid`, day, event name and `distinct_id` as duplicates. So a
//! repeated event is sent unchanged, with its original time.
//!
//! Source: posthog.com/docs/api/capture, posthog.com/docs/how-posthog-works/ingestion-pipeline

use std::time::Duration;

use serde_json::{Value, json};

use crate::domain::kernel::time;
use crate::domain::platform::action::Source;
use crate::domain::platform::announcement::{Announcement, names_a_person};

/// The most events per request. PostHog accepts 20 MB, and each of our rows has less than 400 KB.
pub const MAX_EVENTS: usize = 40;

/// Only the next batch waits for the answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub struct PostHog {
    http: reqwest::Client,
    url: String,
    api_key: String,
}

/// Why no event, or possibly no event, was accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    /// PostHog rejected the request as a whole; a smaller or different one may succeed.
    #[error("PostHog rejects the request: status {0}")]
    Refused(u16),
    /// PostHog did not answer, so it is unknown whether it accepted the events.
    #[error("PostHog does not answer: {0}")]
    Unanswered(String),
}

impl PostHog {
    /// A client for the project of `api_key` at `host`.
    pub fn new(http: reqwest::Client, host: &str, api_key: &str) -> Self {
        let url = format!("{}/batch/", host.trim_end_matches('/'));
        Self { http, url, api_key: api_key.to_owned() }
    }

    /// Sends at most [`MAX_EVENTS`] events built by [`event`]; PostHog accepts all of them or none.
    pub async fn capture(&self, events: &[Value]) -> Result<(), CaptureError> {
        let body = json!({"api_key": self.api_key, "batch": events});
        let answer = self.http.post(&self.url).timeout(CALL_TIMEOUT).json(&body).send().await;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(200..=299) => Ok(()),
            Ok(status @ (400 | 413 | 422)) => Err(CaptureError::Refused(status)),
            Ok(status) => Err(CaptureError::Unanswered(format!("status {status}"))),
            Err(error) if error.is_timeout() => Err(CaptureError::Unanswered("no answer in time".to_owned())),
            Err(_) => Err(CaptureError::Unanswered("no answer".to_owned())),
        }
    }
}

/// Converts an announcement to PostHog's format. It names the company and no person.
pub fn event(announcement: &Announcement, source: Option<Source>) -> Value {
    let Announcement { event_id, occurred_at, company_id, kind, subject } = announcement;
    let subject = (!names_a_person(kind)).then_some(subject);
    let mut properties = json!({
        "$process_person_profile": false,
        // Our server's address says nothing about where the company's people are.
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
