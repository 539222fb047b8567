//! One run: collect what waits, tell the bus, then analytics, and remember how it went.

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

/// Requests to the bus at a time.
const AT_ONCE: usize = 4;

/// An entry that was not taken waits as long again as it has waited, within these bounds: what passes soon
/// is not waited for, and what does not costs little.
const MIN_PAUSE_SECONDS: i64 = 60;
const MAX_PAUSE_SECONDS: i64 = 15 * 60;

/// After so many requests that nobody answered the rest is left for the next minute.
const SILENCES: u32 = 3;

pub(crate) const BOUNDS: SweepLimits = SweepLimits {
    // 400 requests of 50 ms, four at a time, and a write for each entry beside them: about 10 seconds.
    rows: 4_000,
    // A marketplace is one company, and shares only with those who wait as well.
    rows_per_company: 4_000,
    pages_per_shard: 40,
    companies_at_once: AT_ONCE,
    rows_at_once: MAX_ENTRIES,
    // Below the function's limit of a minute, with a request to the bus and ten writes to come.
    run_time: StdDuration::from_secs(40),
    company_time: StdDuration::from_secs(40),
    company_failures: SILENCES,
};

/// Runs one occurrence of the job. Analytics comes second and has what is left of the time, so that nothing
/// it does keeps the bus waiting.
pub(crate) async fn run(app: &SharedApp, sinks: &Sinks, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = EVENT_PUBLISHER_JOB);
    async {
        let (store, clock, started) = (app.store()?, &app.clock, Instant::now());
        let (mut report, unpublished) = match &sinks.bus {
            Some(bus) => tell_bus(store, bus, clock, sinks.posthog.is_some()).await?,
            None => (Report::default(), Vec::new()),
        };
        if let Some(posthog) = &sinks.posthog {
            let counter = Counter { store, posthog, clock, until: started + BOUNDS.run_time };
            report.analytics = Some(analytics::tell(&counter, unpublished).await);
        }
        report.duration_ms = started.elapsed().as_millis() as u64;
        Ok(due::conclude(store, occurrence, report, clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// Tells the bus what is due. Beside the report come the entries that it did not take and that analytics,
/// if it listens, has yet to hear of.
async fn tell_bus(
    store: &Store,
    bus: &Bus,
    clock: &Clock,
    is_counted: bool,
) -> Result<(Report, Vec<Waiting>), StoreError> {
    let began_at = clock.now();
    // Those that were put off are read as well, so that the oldest of them is known.
    let horizon = began_at + Duration::seconds(MAX_PAUSE_SECONDS);
    let found = due::collect_only(store, EVENTS, BOUNDS, horizon, is_ours).await?;
    let (left, more) = (found.left, found.more);
    let rows = found.queues.into_iter().flat_map(|queue| queue.rows);
    let (mut rows, later): (Vec<DueRow>, Vec<DueRow>) = rows.partition(|row| row.due_at <= began_at);
    rows.sort_by(|a, b| (a.due_at, &a.key.pk, &a.key.sk).cmp(&(b.due_at, &b.key.pk, &b.key.sk)));
    let due = rows.len() as u64 + left;
    let report = Report { due, skipped: left, more, ..Report::default() };
    let run = Run { store, bus, clock, is_counted, started: Instant::now(), log: Mutex::default() };
    run.log().report = report;
    later.iter().for_each(|row| run.log().note_unsent(&row.key));
    let (run_ref, tens) = (&run, rows.chunks(MAX_ENTRIES));
    stream::iter(tens).for_each_concurrent(AT_ONCE, |rows| run_ref.work_on(rows)).await;
    Ok(run.conclude())
}

/// Nothing else belongs into these queues; what a later version puts there is left for it.
pub(crate) fn is_ours(key: &Key) -> bool {
    key.kind() == RowKind::Audit
}

/// How long an entry waits that was not taken.
pub(crate) fn pause(key: &Key, now: DateTime<Utc>) -> Duration {
    let happened_at = key.audited_at().unwrap_or(now);
    Duration::seconds((now - happened_at).num_seconds().clamp(MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS))
}

struct Run<'a> {
    store: &'a Store,
    bus: &'a Bus,
    clock: &'a Clock,
    /// Whether analytics listens as well.
    is_counted: bool,
    started: Instant,
    log: Mutex<Log>,
}

/// What a run has come to so far.
#[derive(Default)]
struct Log {
    report: Report,
    silences: u32,
    oldest: Option<DateTime<Utc>>,
    /// What the bus did not take, and analytics may.
    unpublished: Vec<Waiting>,
}

impl Log {
    /// One that the bus has yet to hear of.
    fn note_unsent(&mut self, key: &Key) {
        self.oldest = self.oldest.into_iter().chain(key.audited_at()).min();
    }

    /// One that could not be told now.
    fn note_failed(&mut self, key: &Key) {
        self.report.failed += 1;
        self.note_unsent(key);
    }
}

impl Run<'_> {
    async fn work_on(&self, rows: &[DueRow]) {
        if self.is_over() {
            return self.pass_over(rows).await;
        }
        let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
        match self.store.waiting(EVENTS, &keys).await {
            Ok(waiting) => {
                // The index lags behind: somebody else has told of the others.
                self.log().report.skipped += (rows.len() - waiting.len()) as u64;
                self.tell(waiting).await;
            }
            Err(error) => {
                tracing::error!(%error, "entries of the outbox could not be read");
                keys.iter().for_each(|key| self.log().note_failed(key));
            }
        }
    }

    /// Leaves entries for the next minute. A bus that is silent keeps nothing from analytics.
    async fn pass_over(&self, rows: &[DueRow]) {
        if self.is_counted && self.started.elapsed() < BOUNDS.run_time {
            let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
            // What cannot be read now is read in a minute.
            let waiting = self.store.waiting(EVENTS, &keys).await.unwrap_or_default();
            self.log().unpublished.extend(waiting);
        }
        let mut log = self.log();
        log.report.skipped += rows.len() as u64;
        log.report.more = true;
        rows.iter().for_each(|row| log.note_unsent(&row.key));
    }

    async fn tell(&self, waiting: Vec<Waiting>) {
        let Packed { parcels, unsendable } = pack(waiting);
        for waiting in &unsendable {
            self.defer(waiting, "unreadable_or_too_large").await;
        }
        let mut parcels = VecDeque::from(parcels);
        while let Some(batch) = parcels.pop_front() {
            let entries: Vec<BusEntry> =
                batch.iter().map(|outbox_entry| outbox_entry.entry.clone()).collect();
            match self.bus.put(&entries).await {
                Ok(results) => self.apply_results(&batch, &results).await,
                // One of them spoils it for all: each by itself tells which.
                Err(PutError::Refused(_)) if batch.len() > 1 => {
                    parcels.extend(batch.into_iter().map(|outbox_entry| vec![outbox_entry]));
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
        tracing::warn!(%error, entries = batch.len(), "the event bus took nothing");
        if matches!(error, PutError::Silent(_)) {
            self.log().silences += 1;
        }
        for outbox_entry in batch {
            self.defer(&outbox_entry.waiting, "not_answered").await;
        }
    }

    async fn mark_published(&self, waiting: &Waiting) {
        match self.store.mark_sent_to_bus(waiting, self.clock.now()).await {
            Ok(()) => self.log().report.done += 1,
            // It has been told, and will be told again: whoever listens knows its id.
            Err(error) => self.fail(&waiting.key, &error),
        }
    }

    async fn defer(&self, waiting: &Waiting, reason: &str) {
        let now = self.clock.now();
        let pause = pause(&waiting.key, now);
        let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
        tracing::warn!(event_id, reason, pause = pause.num_seconds(), "an event waits for the bus");
        match self.store.defer(waiting, now + pause).await {
            Ok(()) => self.log().note_failed(&waiting.key),
            Err(error) => self.fail(&waiting.key, &error),
        }
        if self.is_counted {
            self.log().unpublished.push(waiting.clone());
        }
    }

    fn fail(&self, key: &Key, error: &StoreError) {
        tracing::error!(%error, "an entry of the outbox could not be written");
        self.log().note_failed(key);
    }

    fn is_over(&self) -> bool {
        self.started.elapsed() >= BOUNDS.run_time || self.log().silences >= SILENCES
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
