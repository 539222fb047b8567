//! Reconciliation: Stripe's money against our books. Every cent is explained, backfilled or listed.
//!
//! | part | what it does | what it leaves |
//! | --- | --- | --- |
//! | `events` | asks Stripe what happened, and takes in what was never delivered | events, as webhooks would have |
//! | `walk` | looks at every line of the balance, oldest first | sums beside the cursor; facts that were unheard; findings |
//! | `paid` | looks at every payout in the books, whether Stripe has its transfer | findings |
//! | `open` | looks again at what is listed | findings closed that are explained now |
//! | `cash` | adds up both sides since the beginning | the equation of the run |
//!
//! Time is worked off in slices. The cursor moves once the work on a slice is done, under the version it
//! was read with and together with what the slice adds up to. So a run that is cut off does a part of a
//! slice twice, which changes nothing, and two runs at once add nothing up twice.

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

use crate::app::App;
use crate::domain::kernel::time;
use crate::domain::platform::job::{Occurrence, Report};
use crate::due;
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::providers::stripe::list::{ListCursor, ListPage};
use crate::store::marketplace::reconciliation::{RECONCILIATION_JOB, Reconciliation, ReconciliationCursor};
use crate::store::platform::job::LastRun;
use crate::store::{Store, StoreError};
use crate::vault::VaultError;

/// What one run may take. Every figure has its reason.
#[derive(Debug, Clone, Copy)]
pub struct ReconciliationLimits {
    /// Pages of a hundred in one slice: what is held in memory at once, some ten megabytes of events.
    pub pages_per_slice: usize,
    /// Pages of one run, those of too wide slices included: at 80 ms each, a third of the run's time.
    pub pages_per_run: usize,
    /// Open findings that one run looks at again; the next goes on behind them.
    pub findings_per_run: u16,
    /// Single things asked of Stripe side by side: a small part of its limit of 100 a second.
    pub calls_at_once: usize,
    /// When the run begins nothing new; below the function's time limit.
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

/// Why a run cannot be made, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// There was a key of Stripe at an earlier run, and there is none now.
    #[error("STRIPE_SECRET_KEY is not set")]
    StripeNotConfigured,
    /// An event that was fetched cannot be sealed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a part of a run stops.
#[derive(Debug)]
enum RunError {
    /// Stripe did not answer: the next run goes on from here.
    Call(CallError),
    /// The run itself cannot go on.
    Run(ReconcileError),
}

impl From<CallError> for RunError {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Run(error.into())
    }
}

/// A run on its way.
struct Run<'a> {
    app: &'a App,
    store: &'a Store,
    stripe: &'a Stripe,
    limits: ReconciliationLimits,
    began: Instant,
    pages: usize,
    cursor: ReconciliationCursor,
    summary: Reconciliation,
    /// Events that had come in before.
    known: u64,
}

/// Runs one occurrence of the job.
pub async fn run(
    app: &App,
    occurrence: &Occurrence,
    limits: ReconciliationLimits,
) -> Result<Report, ReconcileError> {
    let span = tracing::info_span!("run", cron = RECONCILIATION_JOB);
    async {
        let store = app.store()?;
        let (began, now) = (Instant::now(), app.clock.now());
        let cursor = store.reconciliation_cursor().await?;
        let Some(stripe) = app.stripe.as_ref() else {
            // Who never had a key has no money at Stripe; otherwise it was lost.
            if cursor == ReconciliationCursor::default() {
                return Ok(due::conclude(store, occurrence, Report::default(), now).await?);
            }
            return Err(ReconcileError::StripeNotConfigured);
        };
        let summary = Reconciliation::begun(app.ids.next(), now);
        let mut run = Run { app, store, stripe, limits, began, pages: 0, cursor, summary, known: 0 };
        run.work().await?;
        run.end(occurrence).await
    }
    .instrument(span)
    .await
}

impl Run<'_> {
    /// Every part, even where Stripe did not answer the one before.
    async fn work(&mut self) -> Result<(), ReconcileError> {
        let events = self.fetch_events().await;
        self.part("events", events)?;
        let lines = self.walk_lines().await;
        self.part("lines", lines)?;
        let open = self.look_again().await;
        self.part("findings", open)?;
        if !self.summary.more {
            let cash = self.add_up().await;
            self.part("cash", cash)?;
        }
        Ok(())
    }

    fn part(&mut self, part: &'static str, ended: Result<(), RunError>) -> Result<(), ReconcileError> {
        match ended {
            Ok(()) => Ok(()),
            Err(RunError::Run(error)) => Err(error),
            Err(RunError::Call(error)) => {
                tracing::warn!(part, reason = error.reason(), "stripe did not answer the reconciliation");
                self.summary.trouble.get_or_insert_with(|| error.reason().to_owned());
                self.summary.more = true;
                Ok(())
            }
        }
    }

    /// Whether nothing new may begin; then the next run goes on.
    fn is_over(&mut self) -> bool {
        let over = self.pages >= self.limits.pages_per_run || self.began.elapsed() >= self.limits.run_time;
        self.summary.more |= over;
        over
    }

    /// Everything in one slice of time; `None` where that is more than one slice may hold and the slice
    /// can be made narrower.
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

    /// Moves the cursor together with what the run tells of it; where another run was faster, the cursor
    /// is where that one left it.
    async fn advance(
        &mut self,
        cursor: ReconciliationCursor,
        summary: Reconciliation,
    ) -> Result<bool, StoreError> {
        let moved = self.store.move_reconciliation(self.app.ids.next(), &cursor, &summary).await?;
        if moved {
            (self.cursor, self.summary) =
                (ReconciliationCursor { version: cursor.version + 1, ..cursor }, summary);
        } else {
            self.cursor = self.store.reconciliation_cursor().await?;
        }
        Ok(moved)
    }

    async fn end(mut self, occurrence: &Occurrence) -> Result<Report, ReconcileError> {
        self.summary.ended_at = Some(self.app.clock.now());
        self.store.end_reconciliation(&self.summary).await?;
        let summary = &self.summary;
        let report = Report {
            job: occurrence.job.clone(),
            occurrence: time::format(occurrence.scheduled_at),
            due: summary.lines + summary.events,
            done: summary.explained + summary.backfilled + summary.events_fetched,
            declined: None,
            oldest_unsent_seconds: None,
            analytics: None,
            skipped: self.known,
            failed: summary.findings,
            in_doubt: summary.in_doubt,
            duration_ms: self.began.elapsed().as_millis() as u64,
            more: summary.more,
        };
        let last = LastRun { ended_at: self.app.clock.now(), report: report.clone() };
        self.store.save_last_run(RECONCILIATION_JOB, &last).await?;
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
            metrics = "duration:Milliseconds,due:Count,done:Count,failed:Count,in_doubt:Count",
            "run finished"
        );
    }
}

/// Stripe counts whole seconds.
fn whole_seconds(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(Duration::seconds(1)).unwrap_or(at)
}

/// Half of a slice, in whole seconds and never nothing.
fn half(width: Duration) -> Duration {
    Duration::seconds((width.num_seconds() / 2).max(1))
}
