//! The sweep: processes the rows that are due now.
//!
//! A scheduler's tick only starts a run. The due rows are distributed fairly: each company has its own small
//! queue, a few queues run concurrently, and no company takes more than its share of rows or time. Rows that do
//! not fit wait for the next tick, and the report says `more`.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use futures_util::stream;
use tokio::time::Instant;

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::domain::platform::job::{Occurrence, Report};
use crate::domain::platform::switch::SwitchedOff;
use crate::jobs;
use crate::providers::call_counts;
use crate::store::due::DueRow;
use crate::store::keys::{DUE_SHARDS, Key, RowKind};
use crate::store::platform::job::LastRun;
use crate::store::{Store, StoreError};

/// The limits of one run. Every figure has its reason.
#[derive(Debug, Clone, Copy)]
pub struct SweepLimits {
    /// Rows per run: at four calls of 80 ms each and 32 at a time, about 20 seconds.
    pub rows: usize,
    /// Rows per company and run, so that a company with ten thousand failed renewals on one day does not delay the
    /// others.
    pub rows_per_company: usize,
    /// Pages read per shard: enough to skip half a million rows of one company.
    pub pages_per_shard: usize,
    pub companies_at_once: usize,
    /// Concurrent rows of one company.
    pub rows_at_once: usize,
    /// The run starts no new work after this time; below the function's time limit of a minute.
    pub run_time: Duration,
    /// A company's queue is left for the next run after this time, so that a provider that hangs for one company
    /// costs a few calls and not the run.
    pub company_time: Duration,
    /// A company's queue is left for the next run after this many failures.
    pub company_failures: u32,
}

impl Default for SweepLimits {
    fn default() -> Self {
        Self {
            rows: 2_000,
            rows_per_company: 200,
            pages_per_shard: 40,
            companies_at_once: 8,
            rows_at_once: 4,
            run_time: Duration::from_secs(45),
            company_time: Duration::from_secs(25),
            company_failures: 5,
        }
    }
}

/// The result of processing one row, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowOutcome {
    /// The row reached the state it was due for.
    Done,
    /// The row was left for later on purpose, or another worker holds it.
    Skipped,
    /// A switch holds the row back; it stays due.
    SwitchedOff,
    /// The row failed for a reason that does not affect other rows.
    FailedAlone,
    /// The row failed for a reason that may affect the next one too.
    Failed,
    /// The outcome of an effect is unknown.
    InDoubt,
}

impl RowOutcome {
    /// Adds the row to the report of its run.
    pub fn count_in(self, report: &mut Report) {
        match self {
            Self::Done => report.done += 1,
            Self::Skipped => report.skipped += 1,
            Self::SwitchedOff => {
                report.skipped += 1;
                report.switched_off += 1;
            }
            Self::FailedAlone | Self::Failed => report.failed += 1,
            Self::InDoubt => report.in_doubt += 1,
        }
    }
}

/// The product of a row. Each lane has its own queue and failure count, so that a company whose Whop app fails
/// still has its bookings declined in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Cases and all other rows.
    Recovery,
    /// Bookings, their effects, and payout batches.
    Bookings,
}

impl Lane {
    fn of(key: &Key) -> Self {
        match key.kind() {
            RowKind::Booking | RowKind::BookingAction | RowKind::Batch => Self::Bookings,
            _ => Self::Recovery,
        }
    }
}

/// The rows of one company in one lane and run.
#[derive(Debug)]
pub struct Queue {
    /// `None` for the rows that belong to no company.
    pub company: Option<CompanyId>,
    pub lane: Lane,
    /// Sorted by time, oldest first.
    pub rows: Vec<DueRow>,
}

/// The due rows of a run.
#[derive(Debug, Default)]
pub struct Found {
    /// One queue per company and lane.
    pub queues: Vec<Queue>,
    pub left: u64,
    /// Rows that a switch holds back.
    pub held: u64,
    /// Whether rows may be left unread.
    pub more: bool,
}

/// Rows by company and lane.
type Queues = BTreeMap<(Option<CompanyId>, Lane), Vec<DueRow>>;

/// Which due rows a run works on.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// Other rows are not counted.
    pub wanted: fn(&Key) -> bool,
    /// Rows that a switch holds back are only counted, so that they take no place of others.
    pub switched_off: &'a SwitchedOff,
}

/// Collects due rows fairly.
pub async fn collect(
    store: &Store,
    job: &str,
    limits: SweepLimits,
    now: DateTime<Utc>,
) -> Result<Found, StoreError> {
    collect_only(store, job, limits, now, |_| true).await
}

/// Collects only due rows whose key is wanted; the others are not counted.
pub async fn collect_only(
    store: &Store,
    job: &str,
    limits: SweepLimits,
    now: DateTime<Utc>,
    wanted: fn(&Key) -> bool,
) -> Result<Found, StoreError> {
    let selection = Selection { wanted, switched_off: &SwitchedOff::default() };
    collect_selected(store, job, limits, now, selection).await
}

/// Collects due rows of a selection.
pub async fn collect_selected(
    store: &Store,
    job: &str,
    limits: SweepLimits,
    now: DateTime<Utc>,
    selection: Selection<'_>,
) -> Result<Found, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| collect_shard(store, job, shard, limits, now, selection));
    let mut queues = Queues::new();
    let mut found = Found::default();
    for shard in futures_util::future::join_all(shards).await {
        let shard = shard?;
        found.left += shard.left;
        found.held += shard.held;
        found.more |= shard.more;
        for queue in shard.queues {
            queues.entry((queue.company, queue.lane)).or_default().extend(queue.rows);
        }
    }
    let share = (limits.rows / queues.len().max(1)).clamp(1, limits.rows_per_company);
    for ((company, lane), mut rows) in queues {
        rows.sort_by(|a, b| (a.due_at, &a.key.pk).cmp(&(b.due_at, &b.key.pk)));
        found.left += rows.len().saturating_sub(share) as u64;
        rows.truncate(share);
        found.queues.push(Queue { company, lane, rows });
    }
    // The longest-waiting company comes first.
    found.queues.sort_by_key(|queue| queue.rows.first().map(|row| row.due_at));
    found.more |= found.left > 0;
    Ok(found)
}

async fn collect_shard(
    store: &Store,
    job: &str,
    shard: u8,
    limits: SweepLimits,
    now: DateTime<Utc>,
    Selection { wanted, switched_off }: Selection<'_>,
) -> Result<Found, StoreError> {
    let mut queues = Queues::new();
    let mut found = Found::default();
    let mut start = None;
    let mut kept = 0;
    for _ in 0..limits.pages_per_shard {
        let page = store.due(job, shard, now, start).await?;
        for row in page.rows.into_iter().filter(|row| wanted(&row.key)) {
            if is_held(&row.key, switched_off) {
                found.held += 1;
                continue;
            }
            let queue = queues.entry((row.key.company(), Lane::of(&row.key))).or_default();
            if queue.len() < limits.rows_per_company {
                queue.push(row);
                kept += 1;
            } else {
                found.left += 1;
            }
        }
        start = page.next;
        if start.is_none() || kept >= limits.rows {
            break;
        }
    }
    found.more = start.is_some();
    let queues = queues.into_iter();
    found.queues = queues.map(|((company, lane), rows)| Queue { company, lane, rows }).collect();
    Ok(found)
}

/// Whether a switch holds a due row back.
pub fn is_held(key: &Key, switched_off: &SwitchedOff) -> bool {
    key.governing_switch().is_some_and(|switch| switched_off.is_off(switch, key.company().as_ref()))
}

/// Processes the queues, a few companies at a time, and returns the report.
pub async fn process_queues<F, Fut>(found: Found, limits: SweepLimits, work_on: F) -> Report
where
    F: Fn(DueRow) -> Fut,
    Fut: Future<Output = RowOutcome>,
{
    let started = Instant::now();
    let Found { left, held, more, .. } = found;
    let due = found.queues.iter().map(|queue| queue.rows.len() as u64).sum::<u64>() + left + held;
    let (skipped, switched_off) = (left + held, held);
    let report = Mutex::new(Report { due, skipped, switched_off, more, ..Report::default() });
    let companies = stream::iter(found.queues);
    companies
        .for_each_concurrent(limits.companies_at_once, |queue| {
            work_queue(queue, limits, started, &report, &work_on)
        })
        .await;
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.duration_ms = started.elapsed().as_millis() as u64;
    report
}

async fn work_queue<F, Fut>(
    queue: Queue,
    limits: SweepLimits,
    run_started: Instant,
    report: &Mutex<Report>,
    work_on: &F,
) where
    F: Fn(DueRow) -> Fut,
    Fut: Future<Output = RowOutcome>,
{
    let started = Instant::now();
    let failures = std::sync::atomic::AtomicU32::new(0);
    let over = || {
        run_started.elapsed() >= limits.run_time
            || started.elapsed() >= limits.company_time
            || failures.load(std::sync::atomic::Ordering::Relaxed) >= limits.company_failures
    };
    let count_result = |worked: RowOutcome, more: bool| {
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.more |= more;
        worked.count_in(&mut report);
    };
    let (over, count_result, of_one_company) = (&over, &count_result, queue.company.is_some());
    stream::iter(queue.rows)
        .for_each_concurrent(limits.rows_at_once, |row| {
            let failures = &failures;
            async move {
                if over() {
                    return count_result(RowOutcome::Skipped, true);
                }
                let worked = work_on(row).await;
                // Rows of no company are events of many companies: one failure does not affect the next row.
                if worked == RowOutcome::Failed && of_one_company {
                    failures.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                }
                count_result(worked, false);
            }
        })
        .await;
}

/// Saves a run as the newest of its job, and logs it.
pub async fn conclude(
    store: &Store,
    occurrence: &Occurrence,
    report: Report,
    now: DateTime<Utc>,
) -> Result<Report, StoreError> {
    let (job, planned) = (occurrence.job.clone(), time::format(occurrence.scheduled_at));
    let (effects_done, effects_refused) = call_counts::effects();
    let report = Report { job, occurrence: planned, effects_done, effects_refused, ..report };
    jobs::save_run(store, &LastRun { ended_at: now, report: report.clone() }).await?;
    log(&report);
    Ok(report)
}

fn log(report: &Report) {
    // Each metric costs as much as three alarms, so only what an alarm listens to is one.
    let metrics = report.oldest_unsent_seconds.map(|_| "oldest_unsent:Seconds");
    tracing::info!(
        outcome = report.outcome().as_str(),
        occurrence = report.occurrence,
        due = report.due,
        done = report.done,
        declined = report.declined,
        oldest_unsent = report.oldest_unsent_seconds,
        skipped = report.skipped,
        switched_off = report.switched_off,
        failed = report.failed,
        in_doubt = report.in_doubt,
        refused = report.effects_refused,
        duration = report.duration_ms,
        more = report.more,
        metrics,
        "run finished"
    );
}
