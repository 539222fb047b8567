//! One run: collects pending entries, publishes them to the bus, then to analytics, and records the run.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use futures_util::{StreamExt as _, stream};
use shared::app::SharedApp;
use shared::aws::bus::{Bus, BusEntry, MAX_ENTRIES, PutError, PutEventResult};
use shared::domain::kernel::clock::Clock;
use shared::domain::platform::job::{EVENT_PUBLISHER_JOB, Occurrence, Report};
use shared::due::{self, SweepLimits};
use shared::http::Failure;
use shared::store::due::{DueRow, EVENTS};
use shared::store::platform::outbox::Waiting;
use shared::store::{Key, RowKind, Store, StoreError};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::analytics::{self, Counter};
use crate::batch::{OutboxEntry, Packed, pack};
use crate::sinks::Sinks;

/// Concurrent requests to the bus.
const AT_ONCE: usize = 4;

/// The backoff of a rejected entry is its age, within these limits: short for a short outage, and cheap for a
/// long one.
const MIN_BACKOFF_SECONDS: i64 = 60;
const MAX_BACKOFF_SECONDS: i64 = 15 * 60;

/// After this many unanswered requests the rest is left to the next run.
const MAX_UNANSWERED: u32 = 3;

pub(crate) const LIMITS: SweepLimits = SweepLimits {
    // 400 requests of 50 ms, four at a time, and a write for each entry beside them: about 10 seconds.
    rows: 4_000,
    // A marketplace is one company; other companies share the limit only if they have entries too.
    rows_per_company: 4_000,
    pages_per_shard: 40,
    companies_at_once: AT_ONCE,
    rows_at_once: MAX_ENTRIES,
    // Below the function's limit of a minute, with a request to the bus and ten writes to come.
    run_time: StdDuration::from_secs(40),
    company_time: StdDuration::from_secs(40),
    company_failures: MAX_UNANSWERED,
};

/// Runs one occurrence of the job. Analytics comes second and gets the rest of the time, so that it never delays
/// the bus.
pub(crate) async fn run(app: &SharedApp, sinks: &Sinks, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = EVENT_PUBLISHER_JOB);
    async {
        let (store, clock, started) = (app.store()?, &app.clock, Instant::now());
        let (mut report, unpublished) = match &sinks.bus {
            Some(bus) => publish_to_bus(store, bus, clock, sinks.posthog.is_some()).await?,
            None => (Report::default(), Vec::new()),
        };
        if let Some(posthog) = &sinks.posthog {
            let counter = Counter { store, posthog, clock, until: started + LIMITS.run_time };
            report.analytics = Some(analytics::publish(&counter, unpublished).await);
        }
        report.duration_ms = started.elapsed().as_millis() as u64;
        Ok(due::conclude(store, occurrence, report, clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// Publishes due entries to the bus. Also returns those that it did not accept, if analytics still needs them.
async fn publish_to_bus(
    store: &Store,
    bus: &Bus,
    clock: &Clock,
    is_counted: bool,
) -> Result<(Report, Vec<Waiting>), StoreError> {
    let began_at = clock.now();
    // Deferred entries are read too, to find the oldest one.
    let horizon = began_at + Duration::seconds(MAX_BACKOFF_SECONDS);
    let found = due::collect_only(store, EVENTS, LIMITS, horizon, is_ours).await?;
    let (left, more) = (found.left, found.more);
    let rows = found.queues.into_iter().flat_map(|queue| queue.rows);
    let (mut rows, later): (Vec<DueRow>, Vec<DueRow>) = rows.partition(|row| row.due_at <= began_at);
    rows.sort_by(|a, b| (a.due_at, &a.key.pk, &a.key.sk).cmp(&(b.due_at, &b.key.pk, &b.key.sk)));
    let due = rows.len() as u64 + left;
    let report = Report { due, skipped: left, more, ..Report::default() };
    let run = Run { store, bus, clock, is_counted, started: Instant::now(), log: Mutex::default() };
    run.log().report = report;
    later.iter().for_each(|row| run.log().count_unsent(&row.key));
    let (run_ref, tens) = (&run, rows.chunks(MAX_ENTRIES));
    stream::iter(tens).for_each_concurrent(AT_ONCE, |rows| run_ref.work_on(rows)).await;
    Ok(run.conclude())
}

/// Whether this job handles the row; rows of a later version are left alone.
pub(crate) fn is_ours(key: &Key) -> bool {
    key.kind() == RowKind::Audit
}

/// The backoff of a rejected entry.
pub(crate) fn backoff(key: &Key, now: DateTime<Utc>) -> Duration {
    let happened_at = key.audited_at().unwrap_or(now);
    Duration::seconds((now - happened_at).num_seconds().clamp(MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS))
}

struct Run<'a> {
    store: &'a Store,
    bus: &'a Bus,
    clock: &'a Clock,
    /// Whether analytics is configured too.
    is_counted: bool,
    started: Instant,
    log: Mutex<Log>,
}

/// The result of a run so far.
#[derive(Default)]
struct Log {
    report: Report,
    unanswered: u32,
    oldest: Option<DateTime<Utc>>,
    /// Entries that the bus did not accept, for analytics.
    unpublished: Vec<Waiting>,
}

impl Log {
    /// Counts an entry that the bus has not accepted yet.
    fn count_unsent(&mut self, key: &Key) {
        self.oldest = self.oldest.into_iter().chain(key.audited_at()).min();
    }

    /// Counts a failed entry.
    fn count_failed(&mut self, key: &Key) {
        self.report.failed += 1;
        self.count_unsent(key);
    }
}

impl Run<'_> {
    async fn work_on(&self, rows: &[DueRow]) {
        if self.is_over() {
            return self.skip(rows).await;
        }
        let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
        match self.store.waiting(EVENTS, &keys).await {
            Ok(waiting) => {
                // The index is stale: another run has published the missing entries.
                self.log().report.skipped += (rows.len() - waiting.len()) as u64;
                self.publish(waiting).await;
            }
            Err(error) => {
                tracing::error!(entries = rows.len(), %error, "entries of the outbox could not be read");
                keys.iter().for_each(|key| self.log().count_failed(key));
            }
        }
    }

    /// Leaves entries to the next run. Analytics gets them even if the bus does not answer.
    async fn skip(&self, rows: &[DueRow]) {
        if self.is_counted && self.started.elapsed() < LIMITS.run_time {
            let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
            // Entries that cannot be read now are read by the next run.
            let waiting = self.store.waiting(EVENTS, &keys).await.unwrap_or_default();
            self.log().unpublished.extend(waiting);
        }
        let mut log = self.log();
        log.report.skipped += rows.len() as u64;
        log.report.more = true;
        rows.iter().for_each(|row| log.count_unsent(&row.key));
    }

    async fn publish(&self, waiting: Vec<Waiting>) {
        let Packed { requests, unsendable } = pack(waiting);
        for waiting in &unsendable {
            self.defer(waiting, "unreadable_or_too_large").await;
        }
        let mut requests = VecDeque::from(requests);
        while let Some(batch) = requests.pop_front() {
            let entries: Vec<BusEntry> =
                batch.iter().map(|outbox_entry| outbox_entry.entry.clone()).collect();
            match self.bus.put(&entries).await {
                Ok(results) => self.apply_results(&batch, &results).await,
                // One entry may cause the rejection: send each entry separately.
                Err(PutError::Refused(_)) if batch.len() > 1 => {
                    requests.extend(batch.into_iter().map(|outbox_entry| vec![outbox_entry]));
                }
                Err(error) => self.mark_failed(&batch, &error).await,
            }
        }
    }

    async fn apply_results(&self, batch: &[OutboxEntry], results: &[PutEventResult]) {
        for (outbox_entry, put_event_result) in batch.iter().zip(results) {
            match put_event_result {
                PutEventResult::Accepted => self.mark_published(&outbox_entry.waiting).await,
                PutEventResult::Refused(reason) => self.defer(&outbox_entry.waiting, reason).await,
            }
        }
    }

    async fn mark_failed(&self, batch: &[OutboxEntry], error: &PutError) {
        tracing::warn!(%error, entries = batch.len(), "the event bus accepted nothing");
        if matches!(error, PutError::Unanswered(_)) {
            self.log().unanswered += 1;
        }
        for outbox_entry in batch {
            self.defer(&outbox_entry.waiting, "not_answered").await;
        }
    }

    async fn mark_published(&self, waiting: &Waiting) {
        match self.store.mark_sent_to_bus(waiting, self.clock.now()).await {
            Ok(()) => self.log().report.done += 1,
            // It was published and will be again; subscribers recognize its id.
            Err(error) => self.fail(&waiting.key, &error),
        }
    }

    async fn defer(&self, waiting: &Waiting, reason: &str) {
        let now = self.clock.now();
        let backoff = backoff(&waiting.key, now);
        let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
        tracing::warn!(event_id, reason, pause = backoff.num_seconds(), "an event waits for the bus");
        match self.store.defer(waiting, now + backoff).await {
            Ok(()) => self.log().count_failed(&waiting.key),
            Err(error) => self.fail(&waiting.key, &error),
        }
        if self.is_counted {
            self.log().unpublished.push(waiting.clone());
        }
    }

    fn fail(&self, key: &Key, error: &StoreError) {
        tracing::error!(row = %key, %error, "an entry of the outbox could not be written");
        self.log().count_failed(key);
    }

    fn is_over(&self) -> bool {
        self.started.elapsed() >= LIMITS.run_time || self.log().unanswered >= MAX_UNANSWERED
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn conclude(self) -> (Report, Vec<Waiting>) {
        let now = self.clock.now();
        let Log { report, oldest, unpublished, .. } =
            self.log.into_inner().unwrap_or_else(PoisonError::into_inner);
        let waited = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
        (Report { oldest_unsent_seconds: u64::try_from(waited).ok(), ..report }, unpublished)
    }
}
