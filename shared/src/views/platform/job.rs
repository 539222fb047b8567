//! Scheduled jobs: their runs and their status.

use serde::Serialize;

pub use crate::domain::platform::job::NotRun;
use crate::domain::platform::job::{CaptureTotals, Occurrence, Report};
use crate::domain::platform::job_status::JobStatus;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// The report of a job run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobReportView {
    /// The name of the job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: String,
    /// The planned time of the run, from the schedule. It is not the time of the call.
    #[cfg_attr(feature = "openapi", schemars(with = "Timestamp"))]
    pub occurrence: String,
    /// Due rows that this run found.
    pub due: u64,
    /// Rows that were processed successfully.
    pub done: u64,
    /// Unanswered bookings that this run declined. Absent for jobs that decline no bookings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub declined: Option<u64>,
    /// The age of the oldest event that is not sent to the event bus yet, in seconds; 0 if there is none.
    /// Only for `event-publisher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_seconds: Option<u64>,
    /// The events sent to analytics, if analytics is configured. Only for `event-publisher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analytics: Option<CaptureTotals>,
    /// Rows that were left for a later run on purpose, or the reason why the job did not run.
    pub skipped: SkippedRows,
    /// The skipped rows that a switch holds back. They stay due. Absent if there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switched_off: Option<u64>,
    /// Rows that failed and are retried.
    pub failed: u64,
    /// Effects whose outcome is unknown. They are not retried automatically.
    pub in_doubt: u64,
    /// The duration of the run, in milliseconds of wall-clock time.
    pub duration_ms: u64,
    /// Whether a limit was reached, so that the next run continues.
    pub more: bool,
    /// The report of each payout day, if a window with several of them was requested. Only for `payouts`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<JobReportView>,
}

/// The number of rows that were left for a later run, or the reason why the job did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum SkippedRows {
    /// The number of rows that were left for a later run on purpose.
    Counted(u64),
    /// The reason why the job did not run.
    All(NotRun),
}

impl JobReportView {
    /// The report of an occurrence at which the job did not run.
    pub fn not_run(occurrence: &Occurrence, why: NotRun) -> Self {
        Report::not_run(occurrence, why).into()
    }

    /// The report of several runs: their totals, and each of them if there are more than one.
    pub fn of_runs(reports: Vec<Report>) -> Self {
        let total = reports.iter().cloned().reduce(|total, next| Report {
            due: total.due + next.due,
            done: total.done + next.done,
            skipped: total.skipped + next.skipped,
            switched_off: total.switched_off + next.switched_off,
            not_run: total.not_run.and(next.not_run),
            failed: total.failed + next.failed,
            in_doubt: total.in_doubt + next.in_doubt,
            duration_ms: total.duration_ms + next.duration_ms,
            more: total.more || next.more,
            ..next
        });
        let runs = if reports.len() > 1 { reports.into_iter().map(Self::from).collect() } else { Vec::new() };
        Self { runs, ..total.unwrap_or_default().into() }
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
            skipped: report.not_run.map_or(SkippedRows::Counted(report.skipped), SkippedRows::All),
            switched_off: (report.switched_off > 0).then_some(report.switched_off),
            failed: report.failed,
            in_doubt: report.in_doubt,
            duration_ms: report.duration_ms,
            more: report.more,
            runs: Vec::new(),
        }
    }
}

/// The status of a job and the totals of its recent runs.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobSummaryView {
    /// The name of the job.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::job_name"))]
    pub job: &'static str,
    /// `late`: a planned run did not take place. `failing`: the newest runs failed at their work.
    pub status: JobStatus,
    /// When the newest run ended; `null` if the job has never run.
    pub last_run_at: Option<Timestamp>,
    /// The report of the newest run; `null` if the job has never run.
    pub last_report: Option<JobReportView>,
    /// The totals of the runs in the last 24 hours.
    pub last_24_hours: RecentRunsView,
}

/// The totals of a job's runs in the last 24 hours, counted by full hours (UTC).
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RecentRunsView {
    /// Rows that were processed successfully.
    pub done: u64,
    /// Rows that failed and are retried.
    pub failed: u64,
    /// `failed` / (`done` + `failed`); 0 if both are 0.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0, max = 1)))]
    pub error_rate: f64,
}

/// The status of a job and its last run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JobStateView {
    /// The status of the job.
    pub status: JobHealth,
    /// When the last run ended; `null` if the job has never run or the database did not answer.
    pub last_run_at: Option<Timestamp>,
    /// The report of the last run; `null` if the job has never run or the database did not answer.
    pub last_report: Option<JobReportView>,
}

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum JobHealth {
    /// No planned run was missed, and the newest runs succeeded at their work.
    Ok,
    /// A planned run did not take place, the first one after the deployment included.
    Late,
    /// The newest runs failed at their work: nothing of it was done, providers refused all of it, or the outcome of an
    /// effect is unknown.
    Failing,
    /// The job has never run, and no run has been missed yet.
    NeverRan,
    /// The database did not answer.
    Unknown,
}

impl From<JobStatus> for JobHealth {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Ok => Self::Ok,
            JobStatus::Late => Self::Late,
            JobStatus::Failing => Self::Failing,
            JobStatus::NeverRan => Self::NeverRan,
        }
    }
}
