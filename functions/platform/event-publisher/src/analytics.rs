//! What analytics comes to hear: whatever the bus has taken, and what the bus has yet to take.

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

use crate::run::{BOUNDS, is_ours, pause};

/// What waited for so long is not sent any more: PostHog wants events of two days ago apart, as a migration,
/// and takes them for a sudden rise otherwise.
const GIVEN_UP_AFTER_HOURS: i64 = 48;

/// Writes at a time.
const WRITES_AT_ONCE: usize = 8;

/// What analytics has at least, when the bus took all the time: room for one call and its writes.
const LEAST_TIME: StdDuration = StdDuration::from_secs(4);

/// Analytics, and the time it has.
pub(crate) struct Counter<'a> {
    pub(crate) store: &'a Store,
    pub(crate) posthog: &'a PostHog,
    pub(crate) clock: &'a Clock,
    pub(crate) until: Instant,
}

/// Tells analytics what it has yet to hear; `unpublished` is what the bus did not take in this run. A failure
/// is counted and fails nothing.
pub(crate) async fn tell(counter: &Counter<'_>, unpublished: Vec<Waiting>) -> CaptureTotals {
    let counter = &Counter { until: counter.until.max(Instant::now() + LEAST_TIME), ..*counter };
    let mut totals = CaptureTotals::default();
    if let Err(stopped) = counter.publish_all(unpublished, &mut totals).await {
        match stopped {
            Stopped::Store(error) => tracing::warn!(%error, "analytics was not told: the table failed"),
            Stopped::Silence(error) => tracing::warn!(%error, "analytics was not told"),
            Stopped::Time => tracing::info!("analytics hears the rest in a minute"),
        }
    }
    if totals != CaptureTotals::default() {
        let CaptureTotals { due, done, failed, given_up } = totals;
        tracing::info!(due, done, failed, given_up, metrics = metrics(&totals), "analytics was told");
    }
    totals
}

/// Each metric costs money in a month in which it is written once, so what never happens is not written.
fn metrics(totals: &CaptureTotals) -> Option<&'static str> {
    (totals.given_up > 0).then_some("given_up:Count")
}

/// Why the rest waits for the next minute.
enum Stopped {
    Store(StoreError),
    Silence(CaptureError),
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
        let found = due::collect_only(self.store, ANALYTICS, BOUNDS, self.clock.now(), is_ours).await?;
        let mut rows: Vec<_> = found.queues.into_iter().flat_map(|queue| queue.rows).collect();
        rows.sort_by(|a, b| (a.due_at, &a.key.pk, &a.key.sk).cmp(&(b.due_at, &b.key.pk, &b.key.sk)));
        let keys: Vec<Key> = rows.into_iter().map(|row| row.key).collect();
        // What the bus has yet to hear of gets its turn in the queue of analytics when it is too old now.
        let is_news = |waiting: &Waiting| {
            !waiting.is_known_to_analytics && waiting.announcement.is_some() && !self.is_too_old(&waiting.key)
        };
        let unpublished: Vec<Waiting> = unpublished.into_iter().filter(is_news).collect();
        totals.due = (keys.len() + unpublished.len()) as u64 + found.left;
        for part in unpublished.chunks(MAX_EVENTS) {
            self.capture_batch(part.to_vec(), totals).await?;
        }
        for part in keys.chunks(MAX_EVENTS) {
            let waiting = self.store.waiting(ANALYTICS, part).await?;
            let (old, news) = waiting.into_iter().partition(|waiting| self.is_too_old(&waiting.key));
            self.mark_failed(old, totals).await?;
            self.capture_batch(news, totals).await?;
        }
        Ok(())
    }

    /// Sends some of them. Where one spoils the request for all, each by itself tells which.
    async fn capture_batch(&self, waiting: Vec<Waiting>, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let (told, events): (Vec<Waiting>, Vec<Value>) = waiting
            .into_iter()
            .filter_map(|waiting| {
                let event = event(waiting.announcement.as_ref()?, waiting.source);
                Some((waiting, event))
            })
            .unzip();
        if told.is_empty() {
            return Ok(());
        }
        match self.capture(&events).await {
            Ok(()) => self.note_taken(&told, totals).await,
            Err(Stopped::Silence(CaptureError::Refused(_))) => {
                for (waiting, event) in told.iter().zip(&events) {
                    match self.capture(std::slice::from_ref(event)).await {
                        Ok(()) => self.note_taken(std::slice::from_ref(waiting), totals).await?,
                        Err(Stopped::Silence(CaptureError::Refused(status))) => {
                            self.defer(waiting, status, totals).await?;
                        }
                        Err(stopped) => return Err(stopped),
                    }
                }
                Ok(())
            }
            Err(stopped) => {
                totals.failed += told.len() as u64;
                Err(stopped)
            }
        }
    }

    async fn capture(&self, events: &[Value]) -> Result<(), Stopped> {
        if Instant::now() >= self.until {
            return Err(Stopped::Time);
        }
        self.posthog.capture(events).await.map_err(Stopped::Silence)
    }

    async fn note_taken(&self, told: &[Waiting], totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let now = self.clock.now();
        let mut written = Vec::new();
        for part in told.chunks(WRITES_AT_ONCE) {
            written.extend(join_all(part.iter().map(|it| self.store.mark_sent_to_analytics(it, now))).await);
        }
        totals.done += written.iter().filter(|written| written.is_ok()).count() as u64;
        // What was told and not written down is told again, under the same id.
        Ok(written.into_iter().collect::<Result<(), _>>()?)
    }

    async fn mark_failed(&self, old: Vec<Waiting>, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let now = self.clock.now();
        for waiting in old {
            let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
            tracing::warn!(event_id, "analytics never hears of an event");
            self.store.mark_sent_to_analytics(&waiting, now).await?;
            totals.given_up += 1;
        }
        Ok(())
    }

    async fn defer(&self, waiting: &Waiting, status: u16, totals: &mut CaptureTotals) -> Result<(), Stopped> {
        let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
        tracing::warn!(event_id, status, "analytics refuses an event");
        totals.failed += 1;
        let now = self.clock.now();
        Ok(self.store.defer(waiting, now + pause(&waiting.key, now)).await?)
    }

    fn is_too_old(&self, key: &Key) -> bool {
        let waited = |at: DateTime<Utc>| self.clock.now() - at;
        key.audited_at().is_none_or(|at| waited(at) >= Duration::hours(GIVEN_UP_AFTER_HOURS))
    }
}
