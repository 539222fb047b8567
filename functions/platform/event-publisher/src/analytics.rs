//! Publishes events to PostHog: those that the bus has accepted, and those that it has not accepted yet.

use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use futures_util::future::join_all;
use serde_json::Value;
use shared::domain::kernel::clock::Clock;
use shared::domain::platform::job::CaptureTotals;
use shared::due;
use shared::providers::posthog::{CaptureError, MAX_EVENTS, PostHog, event};
use shared::store::due::ANALYTICS;
use shared::store::platform::outbox::Waiting;
use shared::store::{Key, Store, StoreError};
use tokio::time::Instant;

use crate::run::{LIMITS, backoff, is_ours};

/// Older events are dropped: PostHog wants events older than two days in a separate migration and would otherwise
/// show them as a sudden rise.
const GIVEN_UP_AFTER_HOURS: i64 = 48;

const WRITES_AT_ONCE: usize = 8;

/// The least time for analytics if the bus used up the rest: one call and its writes.
const LEAST_TIME: StdDuration = StdDuration::from_secs(4);

/// The clients for publishing to analytics, and the time limit.
pub(crate) struct Counter<'a> {
    pub(crate) store: &'a Store,
    pub(crate) posthog: &'a PostHog,
    pub(crate) clock: &'a Clock,
    pub(crate) until: Instant,
}

/// Publishes pending events to analytics; `unpublished` are those that the bus did not accept in this run. A
/// failure is counted and does not fail the run.
pub(crate) async fn publish(counter: &Counter<'_>, unpublished: Vec<Waiting>) -> CaptureTotals {
    let counter = &Counter { until: counter.until.max(Instant::now() + LEAST_TIME), ..*counter };
    let mut totals = CaptureTotals::default();
    if let Err(stopped) = counter.publish_all(unpublished, &mut totals).await {
        match stopped {
            Stopped::Store(error) => {
                tracing::warn!(%error, "nothing was published to analytics: the table failed")
            }
            Stopped::Client(error) => tracing::warn!(%error, "analytics did not accept the events"),
            Stopped::Time => tracing::info!("the remaining events are published to analytics in a minute"),
        }
    }
    if totals != CaptureTotals::default() {
        let CaptureTotals { due, done, failed, given_up } = totals;
        tracing::info!(due, done, failed, given_up, "events were published to analytics");
    }
    totals
}

/// Why the rest is left to the next run.
enum Stopped {
    Store(StoreError),
    Client(CaptureError),
    Time,
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Counter<'_> {
    async fn publish_all(
        &self,
        unpublished: Vec<Waiting>,
        totals: &mut CaptureTotals,
    ) -> Result<(), Stopped> {
        let found = due::collect_only(self.store, ANALYTICS, LIMITS, self.clock.now(), is_ours).await?;
        let mut rows: Vec<_> = found.queues.into_iter().flat_map(|queue| queue.rows).collect();
        rows.sort_by(|a, b| (a.due_at, &a.key.pk, &a.key.sk).cmp(&(b.due_at, &b.key.pk, &b.key.sk)));
        let keys: Vec<Key> = rows.into_iter().map(|row| row.key).collect();
        // An event that the bus has not accepted and that is too old now gets its turn in the analytics queue.
        let is_publishable = |waiting: &Waiting| {
            !waiting.is_known_to_analytics && waiting.announcement.is_some() && !self.is_too_old(&waiting.key)
        };
        let unpublished: Vec<Waiting> = unpublished.into_iter().filter(is_publishable).collect();
        totals.due = (keys.len() + unpublished.len()) as u64 + found.left;
        for part in unpublished.chunks(MAX_EVENTS) {
            self.capture_batch(part.to_vec(), totals).await?;
        }
        for part in keys.chunks(MAX_EVENTS) {
            let waiting = self.store.waiting(ANALYTICS, part).await?;
            let (old, recent) = waiting.into_iter().partition(|waiting| self.is_too_old(&waiting.key));
            self.mark_failed(old, totals).await?;
            self.capture_batch(recent, totals).await?;
        }
        Ok(())
    }

    /// Sends a batch. If PostHog rejects it because of one event, each event is sent separately.
    async fn capture_batch(&self, waiting: Vec<Waiting>, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let (batch, events): (Vec<Waiting>, Vec<Value>) = waiting
            .into_iter()
            .filter_map(|waiting| {
                let event = event(waiting.announcement.as_ref()?, waiting.source);
                Some((waiting, event))
            })
            .unzip();
        if batch.is_empty() {
            return Ok(());
        }
        match self.capture(&events).await {
            Ok(()) => self.mark_captured(&batch, totals).await,
            Err(Stopped::Client(CaptureError::Refused(_))) => {
                for (waiting, event) in batch.iter().zip(&events) {
                    match self.capture(std::slice::from_ref(event)).await {
                        Ok(()) => self.mark_captured(std::slice::from_ref(waiting), totals).await?,
                        Err(Stopped::Client(CaptureError::Refused(status))) => {
                            self.defer(waiting, status, totals).await?;
                        }
                        Err(stopped) => return Err(stopped),
                    }
                }
                Ok(())
            }
            Err(stopped) => {
                totals.failed += batch.len() as u64;
                Err(stopped)
            }
        }
    }

    async fn capture(&self, events: &[Value]) -> Result<(), Stopped> {
        if Instant::now() >= self.until {
            return Err(Stopped::Time);
        }
        self.posthog.capture(events).await.map_err(Stopped::Client)
    }

    async fn mark_captured(&self, batch: &[Waiting], totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let now = self.clock.now();
        let mut written = Vec::new();
        for part in batch.chunks(WRITES_AT_ONCE) {
            written.extend(join_all(part.iter().map(|it| self.store.mark_sent_to_analytics(it, now))).await);
        }
        totals.done += written.iter().filter(|written| written.is_ok()).count() as u64;
        // An event whose mark could not be written is sent again with the same id.
        Ok(written.into_iter().collect::<Result<(), _>>()?)
    }

    async fn mark_failed(&self, old: Vec<Waiting>, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let now = self.clock.now();
        for waiting in old {
            let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
            tracing::warn!(event_id, "an event is too old for analytics and was dropped");
            self.store.mark_sent_to_analytics(&waiting, now).await?;
            totals.given_up += 1;
        }
        Ok(())
    }

    async fn defer(&self, waiting: &Waiting, status: u16, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
        tracing::warn!(event_id, status, "analytics rejected an event");
        totals.failed += 1;
        let now = self.clock.now();
        Ok(self.store.defer(waiting, now + backoff(&waiting.key, now)).await?)
    }

    fn is_too_old(&self, key: &Key) -> bool {
        let waited = |at: DateTime<Utc>| self.clock.now() - at;
        key.audited_at().is_none_or(|at| waited(at) >= Duration::hours(GIVEN_UP_AFTER_HOURS))
    }
}
