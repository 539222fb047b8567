//! Reconciliation compares Stripe's balance with our ledger. Every cent is explained, backfilled or reported as a
//! finding.
//!
//! | part | what it does | what it writes |
//! | --- | --- | --- |
//! | `events` | lists Stripe's events and receives those that were never delivered | events, as their webhooks would have |
//! | `walk` | matches every balance transaction ("line"), oldest first | sums with the cursor; missing facts; findings |
//! | `paid` | checks that every payout in the ledger has its transfer at Stripe | findings |
//! | `open` | checks open findings again | closes findings that are explained now |
//! | `cash` | compares the total cash of both sides since the first run | the run's cash totals |
//!
//! Time is processed in slices. After a slice is done, one transaction advances the cursor and adds the slice's
//! sums, on condition that the cursor's version is unchanged. So an interrupted run repeats a part of a slice,
//! which changes nothing, and two concurrent runs never add the same sums twice.

mod backfill;
mod cash;
mod events;
mod explain;
mod line;
mod match_lines;
mod open;
mod paid;
mod stripe_record;
mod walk;

use std::time::{Duration as StdDuration, Instant};

use chrono::{DateTime, Duration, DurationRound, Utc};
use tracing::Instrument as _;

use crate::domain::kernel::clock::Clock;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::domain::platform::job::{Occurrence, RECONCILIATION_JOB, Report};
use crate::due;
use crate::events::EventIntake;
use crate::jobs;
use crate::providers::call::CallError;
use crate::providers::stripe::Mode;
use crate::providers::stripe::client::Stripe;
use crate::providers::stripe::list::{ListCursor, ListPage};
use crate::store::marketplace::reconciliation::{Reconciliation, ReconciliationCursor};
use crate::store::platform::job::LastRun;
use crate::store::retry::MayConflict;
use crate::store::{Store, StoreError};
use crate::vault::{Vault, VaultError};

/// The limits of one run. Every figure has its reason.
#[derive(Debug, Clone, Copy)]
pub struct ReconciliationLimits {
    /// Pages of a hundred per slice: a slice is held in memory, at most some ten megabytes of events.
    pub pages_per_slice: usize,
    /// Pages per run, including those of slices that were too wide: at 80 ms each, a third of the run's time.
    pub pages_per_run: usize,
    /// Open findings that one run checks again; the next run continues after them.
    pub findings_per_run: u16,
    /// Concurrent single look-ups at Stripe: a small part of its limit of 100 a second.
    pub calls_at_once: usize,
    /// The run starts no new work after this time; below the function's time limit.
    pub run_time: StdDuration,
}

impl Default for ReconciliationLimits {
    fn default() -> Self {
        Self {
            pages_per_slice: 5,
            pages_per_run: 200,
            findings_per_run: 100,
            calls_at_once: 8,
            run_time: StdDuration::from_secs(45),
        }
    }
}

/// Why a run cannot start, or cannot be completed.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// An earlier run had a Stripe key, and there is none now.
    #[error("STRIPE_SECRET_KEY is not set")]
    StripeNotConfigured,
    /// A fetched event cannot be encrypted.
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a part of a run stops.
#[derive(Debug)]
enum RunError {
    /// Stripe did not answer: the next run continues from here.
    Call(CallError),
    Run(ReconcileError),
}

impl From<CallError> for RunError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl MayConflict for RunError {
    fn is_conflict(&self) -> bool {
        matches!(self, Self::Run(ReconcileError::Store(error)) if error.is_conflict())
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Run(error.into())
    }
}

/// The reconciliation engine. A run's webhooks that were never delivered go through `intake`, as delivered ones do.
#[derive(Clone, Copy)]
pub struct Reconciler<'a> {
    pub intake: EventIntake<'a>,
    pub clock: &'a Clock,
    /// Encrypts the events that it fetches.
    pub vault: &'a Vault,
    /// The mode of Stripe's key, if the key tells it.
    pub stripe_mode: Option<Mode>,
    /// The company to which money without an owner belongs.
    pub platform_company: Option<&'a CompanyId>,
}

impl Reconciler<'_> {
    /// Runs one occurrence of the job.
    pub async fn run(
        &self,
        occurrence: &Occurrence,
        limits: ReconciliationLimits,
    ) -> Result<Report, ReconcileError> {
        let span = tracing::info_span!("run", cron = RECONCILIATION_JOB);
        self.run_occurrence(occurrence, limits).instrument(span).await
    }

    async fn run_occurrence(
        &self,
        occurrence: &Occurrence,
        limits: ReconciliationLimits,
    ) -> Result<Report, ReconcileError> {
        let EventIntake { store, stripe, ids, .. } = self.intake;
        let (began, now) = (Instant::now(), self.clock.now());
        let cursor = store.reconciliation_cursor().await?;
        let Some(stripe) = stripe else {
            // Before the first run Stripe may be unused. Later a missing key is an error.
            if cursor == ReconciliationCursor::default() {
                return Ok(due::conclude(store, occurrence, Report::default(), now).await?);
            }
            return Err(ReconcileError::StripeNotConfigured);
        };
        let summary = Reconciliation::started(ids.next(), now);
        let mut run =
            Run { reconciler: *self, store, stripe, limits, began, pages: 0, cursor, summary, known: 0 };
        run.run_parts().await?;
        run.end(occurrence).await
    }
}

struct Run<'a> {
    reconciler: Reconciler<'a>,
    store: &'a Store,
    stripe: &'a Stripe,
    limits: ReconciliationLimits,
    began: Instant,
    pages: usize,
    cursor: ReconciliationCursor,
    summary: Reconciliation,
    /// Events that had been received before.
    known: u64,
}

impl Run<'_> {
    /// Runs every part, even if Stripe did not answer an earlier one.
    async fn run_parts(&mut self) -> Result<(), ReconcileError> {
        let events = self.fetch_events().await;
        self.check_part("events", events)?;
        let lines = self.walk_lines().await;
        self.check_part("lines", lines)?;
        let open = self.recheck_findings().await;
        self.check_part("findings", open)?;
        if !self.summary.more {
            let cash = self.compare_cash().await;
            self.check_part("cash", cash)?;
        }
        Ok(())
    }

    fn check_part(&mut self, part: &'static str, result: Result<(), RunError>) -> Result<(), ReconcileError> {
        match result {
            Ok(()) => Ok(()),
            Err(RunError::Run(error)) => Err(error),
            Err(RunError::Call(error)) => {
                tracing::warn!(part, reason = error.reason(), "stripe did not answer the reconciliation");
                self.summary.error.get_or_insert_with(|| error.reason().to_owned());
                self.summary.more = true;
                Ok(())
            }
        }
    }

    /// Whether the limits are used up, so that the next run has to continue.
    fn is_limit_reached(&mut self) -> bool {
        let over = self.pages >= self.limits.pages_per_run || self.began.elapsed() >= self.limits.run_time;
        self.summary.more |= over;
        over
    }

    /// Fetches everything in one slice of time; `None` if that exceeds the limit of a slice and the slice can be
    /// made narrower.
    async fn collect<T, Fetched>(
        &mut self,
        width: Duration,
        fetch: impl Fn(ListCursor) -> Fetched,
        id: fn(&T) -> String,
    ) -> Result<Option<Vec<T>>, CallError>
    where
        Fetched: Future<Output = Result<ListPage<T>, CallError>>,
    {
        let (mut found, mut list_cursor, mut pages) = (Vec::new(), ListCursor::Newest, 0);
        loop {
            let page = fetch(list_cursor).await?;
            self.pages += 1;
            pages += 1;
            found.extend(page.data);
            let last = found.last().filter(|_| page.has_more);
            match last.map(id) {
                None => return Ok(Some(found)),
                Some(_) if pages >= self.limits.pages_per_slice && width > Duration::seconds(1) => {
                    return Ok(None);
                }
                Some(last) => list_cursor = ListCursor::After(last),
            }
        }
    }

    /// Advances the cursor and saves the run's summary in one transaction. `false` if another run advanced the
    /// cursor first; then that cursor is loaded.
    async fn advance(
        &mut self,
        cursor: ReconciliationCursor,
        summary: Reconciliation,
    ) -> Result<bool, StoreError> {
        let moved =
            self.store.move_reconciliation(self.reconciler.intake.ids.next(), &cursor, &summary).await?;
        if moved {
            (self.cursor, self.summary) =
                (ReconciliationCursor { version: cursor.version + 1, ..cursor }, summary);
        } else {
            self.cursor = self.store.reconciliation_cursor().await?;
        }
        Ok(moved)
    }

    async fn end(mut self, occurrence: &Occurrence) -> Result<Report, ReconcileError> {
        self.summary.ended_at = Some(self.reconciler.clock.now());
        self.store.end_reconciliation(&self.summary).await?;
        let summary = &self.summary;
        let report = Report {
            job: occurrence.job.clone(),
            occurrence: time::format(occurrence.scheduled_at),
            due: summary.lines + summary.events,
            done: summary.explained + summary.backfilled + summary.events_fetched,
            skipped: self.known,
            failed: summary.findings,
            in_doubt: summary.in_doubt,
            effects_done: 0,
            effects_refused: 0,
            duration_ms: self.began.elapsed().as_millis() as u64,
            more: summary.more,
            ..Report::default()
        };
        let last = LastRun { ended_at: self.reconciler.clock.now(), report: report.clone() };
        jobs::save_run(self.store, &last).await?;
        self.log(&report);
        Ok(report)
    }

    fn log(&self, report: &Report) {
        let unexplained = self.summary.cash.values().any(|cash| cash.unexplained_amount() != 0);
        tracing::info!(
            occurrence = report.occurrence,
            due = report.due,
            done = report.done,
            skipped = report.skipped,
            failed = report.failed,
            in_doubt = report.in_doubt,
            backfilled = self.summary.backfilled,
            closed = self.summary.closed,
            unexplained,
            duration = report.duration_ms,
            more = report.more,
            outcome = report.outcome().as_str(),
            "run finished"
        );
    }
}

/// Truncates to whole seconds, Stripe's precision.
fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(Duration::seconds(1)).unwrap_or(at)
}

/// Half of a slice's width, in whole seconds and at least one.
fn half(width: Duration) -> Duration {
    Duration::seconds((width.num_seconds() / 2).max(1))
}
