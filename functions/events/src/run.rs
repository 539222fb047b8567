//! One run: collect what waits, tell the bus, and remember how it went.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration as StdDuration;

use chrono::{DateTime, Duration, Utc};
use futures_util::{StreamExt as _, stream};
use shared::app::{Clock, SharedApp};
use shared::aws::bus::{Bus, Entry, MAX_ENTRIES, PutError, Word};
use shared::domain::job::{EVENTS_JOB, Occurrence, Report};
use shared::due::{self, Bounds};
use shared::http::Failure;
use shared::store::due::{DueRow, EVENTS};
use shared::store::outbox::Waiting;
use shared::store::{Key, RowKind, Store, StoreError};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::parcel::{Letter, Packed, pack};

/// Requests to the bus at a time.
const AT_ONCE: usize = 4;

/// An entry that was not taken waits as long again as it has waited, within these bounds: what passes soon
/// is not waited for, and what does not costs little.
const MIN_PAUSE_SECONDS: i64 = 60;
const MAX_PAUSE_SECONDS: i64 = 15 * 60;

/// After so many requests that nobody answered the rest is left for the next minute.
const SILENCES: u32 = 3;

const BOUNDS: Bounds = Bounds {
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

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, bus: &Bus, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = EVENTS_JOB);
    async {
        let store = app.store()?;
        let began_at = app.clock.now();
        // Those that were put off are read as well, so that the oldest of them is known.
        let horizon = began_at + Duration::seconds(MAX_PAUSE_SECONDS);
        let found = due::collect_only(store, EVENTS, BOUNDS, horizon, is_ours).await?;
        let (left, more) = (found.left, found.more);
        let rows = found.queues.into_iter().flat_map(|queue| queue.rows);
        let (mut rows, later): (Vec<DueRow>, Vec<DueRow>) = rows.partition(|row| row.due_at <= began_at);
        rows.sort_by(|a, b| (a.due_at, &a.key.pk, &a.key.sk).cmp(&(b.due_at, &b.key.pk, &b.key.sk)));
        let due = rows.len() as u64 + left;
        let report = Report { due, skipped: left, more, ..Report::default() };
        let run = Run { store, bus, clock: &app.clock, started: Instant::now(), log: Mutex::default() };
        run.log().report = report;
        later.iter().for_each(|row| run.log().note_unsent(&row.key));
        let (run_ref, tens) = (&run, rows.chunks(MAX_ENTRIES));
        stream::iter(tens).for_each_concurrent(AT_ONCE, |rows| run_ref.work_on(rows)).await;
        let report = run.conclude();
        Ok(due::conclude(store, occurrence, report, app.clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// Nothing else belongs into this queue; what a later version puts there is left for it.
fn is_ours(key: &Key) -> bool {
    key.kind() == RowKind::Audit
}

struct Run<'a> {
    store: &'a Store,
    bus: &'a Bus,
    clock: &'a Clock,
    started: Instant,
    log: Mutex<Log>,
}

/// What a run has come to so far.
#[derive(Default)]
struct Log {
    report: Report,
    silences: u32,
    oldest: Option<DateTime<Utc>>,
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
            let mut log = self.log();
            log.report.skipped += rows.len() as u64;
            log.report.more = true;
            return rows.iter().for_each(|row| log.note_unsent(&row.key));
        }
        let keys: Vec<Key> = rows.iter().map(|row| row.key.clone()).collect();
        match self.store.waiting(&keys).await {
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

    async fn tell(&self, waiting: Vec<Waiting>) {
        let Packed { parcels, unsendable } = pack(waiting);
        for waiting in &unsendable {
            self.put_off(waiting, "unreadable_or_too_large").await;
        }
        let mut parcels = VecDeque::from(parcels);
        while let Some(parcel) = parcels.pop_front() {
            let entries: Vec<Entry> = parcel.iter().map(|letter| letter.entry.clone()).collect();
            match self.bus.put(&entries).await {
                Ok(words) => self.hear(&parcel, &words).await,
                // One of them spoils it for all: each by itself tells which.
                Err(PutError::Refused(_)) if parcel.len() > 1 => {
                    parcels.extend(parcel.into_iter().map(|letter| vec![letter]));
                }
                Err(error) => self.give_up(&parcel, &error).await,
            }
        }
    }

    async fn hear(&self, parcel: &[Letter], words: &[Word]) {
        for (letter, word) in parcel.iter().zip(words) {
            match word {
                Word::Taken => self.leave(&letter.waiting).await,
                Word::Refused(reason) => self.put_off(&letter.waiting, reason).await,
            }
        }
    }

    async fn give_up(&self, parcel: &[Letter], error: &PutError) {
        tracing::warn!(%error, entries = parcel.len(), "the event bus took nothing");
        if matches!(error, PutError::Silent(_)) {
            self.log().silences += 1;
        }
        for letter in parcel {
            self.put_off(&letter.waiting, "not_answered").await;
        }
    }

    async fn leave(&self, waiting: &Waiting) {
        match self.store.leave_outbox(waiting).await {
            Ok(()) => self.log().report.done += 1,
            // It has been told, and will be told again: whoever listens knows its id.
            Err(error) => self.fail(&waiting.key, &error),
        }
    }

    async fn put_off(&self, waiting: &Waiting, reason: &str) {
        let now = self.clock.now();
        let happened_at = waiting.key.audited_at().unwrap_or(now);
        let pause = (now - happened_at).num_seconds().clamp(MIN_PAUSE_SECONDS, MAX_PAUSE_SECONDS);
        let event_id = waiting.announcement.as_ref().map(|it| it.event_id.to_string());
        tracing::warn!(event_id, reason, pause, "an event waits for the bus");
        match self.store.put_off(waiting, now + Duration::seconds(pause)).await {
            Ok(()) => self.log().note_failed(&waiting.key),
            Err(error) => self.fail(&waiting.key, &error),
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

    fn conclude(self) -> Report {
        let (now, started) = (self.clock.now(), self.started);
        let Log { report, oldest, .. } = self.log.into_inner().unwrap_or_else(PoisonError::into_inner);
        let waited = oldest.map_or(0, |at| (now - at).num_seconds().max(0));
        Report {
            duration_ms: started.elapsed().as_millis() as u64,
            oldest_unsent_seconds: u64::try_from(waited).ok(),
            ..report
        }
    }
}
