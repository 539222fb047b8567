//! Jobs: the report of a run, and the status of each job.

use serde::Serialize;

use crate::domain::kernel::time;
use crate::domain::platform::job::{CaptureTotals, JobStatus, Occurrence, Report};
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The report of a run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobReportView {
    /// The job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: String,
    /// The planned time of the run: that of the schedule, not of the call.
    #[cfg_attr(feature = "openapi", schemars(with = "Timestamp"))]
    pub occurrence: String,
    /// Due rows that this run processed.
    pub due: u64,
    /// Rows that reached the state they were due for.
    pub done: u64,
    /// Unanswered bookings that this run declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<u64>,
    /// The age of the oldest event that was not published to the event bus, in seconds; 0 if there is none.
    /// Only for the job `event-publisher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_seconds: Option<u64>,
    /// The events published to analytics, if it is configured. Only for the job `event-publisher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analytics: Option<CaptureTotals>,
    /// Rows left for later on purpose; or why nothing was processed.
    pub skipped: SkippedRows,
    /// Rows whose processing failed and is retried.
    pub failed: u64,
    /// Messages and changes with an unknown outcome; not repeated.
    pub in_doubt: u64,
    /// Wall time of the run, in milliseconds.
    pub duration_ms: u64,
    /// Whether a limit was reached and the next tick continues.
    pub more: bool,
}

/// The rows that a run left for later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SkippedRows {
    /// The number of rows left on purpose.
    Counted(u64),
    /// All rows, because the run processed nothing.
    All(NotRun),
}

/// Why a run processed nothing.
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
    /// The report of a run that processed nothing.
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

/// The status of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobSummaryView {
    /// The job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: &'static str,
    /// `late`: no run for longer than its interval and a margin.
    pub status: JobStatus,
    /// When its newest run ended.
    pub last_run_at: Option<Timestamp>,
    /// The report of its newest run.
    pub last_report: Option<JobReportView>,
    /// The totals of the last 24 full hours.
    pub last_24_hours: RecentRunsView,
}

/// The totals of the last 24 full hours.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentRunsView {
    /// Rows that were processed.
    pub done: u64,
    /// Rows whose processing failed.
    pub failed: u64,
    /// failed / (done + failed); 0 if both are 0.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0, max = 1)))]
    pub error_rate: f64,
}

/// The last run of a job.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobStateView {
    /// The status of the job.
    pub status: JobHealth,
    /// When the last run ended.
    pub last_run_at: Option<Timestamp>,
    /// The report of the last run.
    pub last_report: Option<JobReportView>,
}

/// The status of a job, if it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobHealth {
    /// Its last run is recent enough.
    Ok,
    /// Its last run is too long ago.
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
