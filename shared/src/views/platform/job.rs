//! Jobs: what a run did, and how one is doing.

use serde::Serialize;

use crate::domain::kernel::time;
use crate::domain::platform::job::{CaptureTotals, JobStatus, Occurrence, Report};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// What a run did.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobReportView {
    /// The job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: String,
    /// The planned firing it belongs to: the schedule's time, not that of the call.
    #[cfg_attr(feature = "openapi", schemars(with = "Timestamp"))]
    pub occurrence: String,
    /// Due rows this run looked at.
    pub due: u64,
    /// Rows that reached the state they were due for.
    pub done: u64,
    /// Unanswered bookings that this run declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<u64>,
    /// How long the oldest event has waited that the event bus has yet to hear of, in seconds; 0 where none
    /// waits. Of the job `event-publisher` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_seconds: Option<u64>,
    /// What analytics came to hear, where there is one. Of the job `event-publisher` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analytics: Option<CaptureTotals>,
    /// Rows left for later on purpose; or why nothing was looked at.
    pub skipped: SkippedRows,
    /// Rows that could not be worked on and will be tried again.
    pub failed: u64,
    /// Messages and changes with an unknown outcome; not repeated.
    pub in_doubt: u64,
    /// Wall time of the run, in milliseconds.
    pub duration_ms: u64,
    /// Whether a bound was reached and the next tick goes on.
    pub more: bool,
}

/// What a run left for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SkippedRows {
    /// So many rows, on purpose.
    Counted(u64),
    /// All, because nothing was looked at.
    All(NotRun),
}

/// Why a firing looked at nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotRun {
    /// The payouts run on payout days.
    NotAPayoutDay,
    /// There is neither an event bus nor analytics to publish to.
    NoEventBus,
}

impl JobReportView {
    /// What a firing answers at which nothing was looked at.
    pub fn not_run(occurrence: &Occurrence, why: NotRun) -> Self {
        let (job, occurrence) = (occurrence.job.clone(), time::format(occurrence.scheduled_at));
        let report = Report { job, occurrence, ..Report::default() };
        Self { skipped: SkippedRows::All(why), ..report.into() }
    }
}

impl From<Report> for JobReportView {
    fn from(report: Report) -> Self {
        Self {
            job: report.job,
            occurrence: report.occurrence,
            due: report.due,
            done: report.done,
            declined: report.declined,
            oldest_unsent_seconds: report.oldest_unsent_seconds,
            analytics: report.analytics,
            skipped: SkippedRows::Counted(report.skipped),
            failed: report.failed,
            in_doubt: report.in_doubt,
            duration_ms: report.duration_ms,
            more: report.more,
        }
    }
}

/// How a job is doing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobSummaryView {
    /// The job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: &'static str,
    /// `late`: no run for longer than its pause and some patience.
    pub status: JobStatus,
    /// When its newest run ended.
    pub last_run_at: Option<Timestamp>,
    /// What its newest run did.
    pub last_report: Option<JobReportView>,
    /// What its runs of the last 24 full hours came to.
    pub last_24_hours: RecentRunsView,
}

/// What its runs of the last 24 full hours came to.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentRunsView {
    /// What reached its state.
    pub done: u64,
    /// What could not be worked on.
    pub failed: u64,
    /// failed / (done + failed); 0 where there is nothing.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0, max = 1)))]
    pub error_rate: f64,
}

/// How a job ran last.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobStateView {
    /// How it is doing.
    pub status: JobHealth,
    /// When the last run ended.
    pub last_run_at: Option<Timestamp>,
    /// What the last run did.
    pub last_report: Option<JobReportView>,
}

/// How a job is doing, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobHealth {
    /// Its last run is recent enough.
    Ok,
    /// The last run ended longer ago than the job may rest.
    Late,
    /// It has never run.
    NeverRan,
    /// The table does not answer.
    Unknown,
}

impl From<JobStatus> for JobHealth {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Ok => Self::Ok,
            JobStatus::Late => Self::Late,
            JobStatus::NeverRan => Self::NeverRan,
        }
    }
}
