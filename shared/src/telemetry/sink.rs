//! Sends one request to a monitoring service and pauses after failures.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use tokio::time::{Instant, timeout_at};

/// The pause after a failed delivery; `Retry-After` may extend it up to `MAX_BACKOFF`.
const BACKOFF: Duration = Duration::from_secs(30);
const MAX_BACKOFF: Duration = Duration::from_secs(600);

/// A monitoring service; clones share its backoff.
#[derive(Clone)]
pub(super) struct Sink {
    http: reqwest::Client,
    watcher: &'static str,
    url: String,
    auth_header: Option<(&'static str, String)>,
    backoff_until: Arc<Mutex<Option<Instant>>>,
}

impl Sink {
    pub(super) fn new(
        http: reqwest::Client,
        watcher: &'static str,
        url: String,
        auth_header: Option<(&'static str, String)>,
    ) -> Self {
        Self { http, watcher, url, auth_header, backoff_until: Arc::default() }
    }

    /// Sends the body unless the service is in backoff, and waits until `until` at the latest.
    pub(super) async fn send(&self, content_type: &'static str, body: Vec<u8>, until: Instant) {
        self.send_to("", content_type, body, until).await;
    }

    /// The same to a place below the service's URL, which is never logged.
    pub(super) async fn send_to(
        &self,
        place: &str,
        content_type: &'static str,
        body: Vec<u8>,
        until: Instant,
    ) {
        if self.backoff_until().is_some_and(|backoff_until| Instant::now() < backoff_until) {
            return;
        }
        let url = format!("{}{place}", self.url);
        let mut request = self.http.post(url).header("content-type", content_type).body(body);
        if let Some((name, auth_header)) = &self.auth_header {
            request = request.header(*name, auth_header);
        }
        let answer = timeout_at(until, request.send()).await;
        let (reason, rest) = match answer {
            Ok(Ok(answer)) if answer.status().is_success() => return,
            Ok(Ok(answer)) => {
                let asked =
                    answer.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok()?.parse().ok());
                let rest = asked.map_or(BACKOFF, Duration::from_secs).clamp(BACKOFF, MAX_BACKOFF);
                (format!("status_{}", answer.status().as_u16()), rest)
            }
            Ok(Err(_)) => ("no_answer".to_owned(), BACKOFF),
            Err(_) => ("no_answer_in_time".to_owned(), BACKOFF),
        };
        *self.backoff_until() = Some(Instant::now() + rest);
        tracing::warn!(watcher = self.watcher, reason, rest = rest.as_secs(), "telemetry was not delivered");
    }

    fn backoff_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.backoff_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.watcher)
    }
}
