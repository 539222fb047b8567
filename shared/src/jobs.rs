//! The runs of the jobs: recorded for the next one, told to external monitoring, and added up for the alarms.

use chrono::{DateTime, Utc};

use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::platform::job::{EVENT_PUBLISHER_JOB, JOBS, Job};
use crate::domain::platform::job_status::{JobClock, JobStatus};
use crate::store::platform::job::{JobStates, LastRun, Runs};
use crate::store::{Store, StoreError};
use crate::telemetry::{self, EndedRun};

/// What this deployment expects of its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobExpectations {
    pub calendar: PayoutCalendar,
    /// Whether events are published anywhere; otherwise the event publisher passes its runs over.
    pub publishes_events: bool,
}

/// Saves the newest run of its job and tells external monitoring how it ended.
pub async fn save_run(store: &Store, run: &LastRun) -> Result<(), StoreError> {
    let failed_runs = store.save_last_run(&run.report.job, run).await?;
    let is_failing = Job::named(&run.report.job).is_some_and(|job| job.is_failing(failed_runs));
    telemetry::run_ended(EndedRun::of(&run.report, is_failing));
    Ok(())
}

/// The status of every job, given what is stored about those that have run.
pub fn statuses(
    runs: &[Runs],
    expectations: JobExpectations,
    now: DateTime<Utc>,
) -> impl Iterator<Item = (Job, JobStatus, Option<&Runs>)> {
    let JobExpectations { calendar, publishes_events } = expectations;
    let running_since = runs.iter().map(|runs| runs.first_ended_at.unwrap_or(runs.last.ended_at)).min();
    JOBS.into_iter().map(move |job| {
        let runs = runs.iter().find(|runs| runs.last.report.job == job.name);
        let is_expected = job.name != EVENT_PUBLISHER_JOB || publishes_events;
        let payout_zone = calendar.zone();
        let clock = JobClock { now, payout_zone, running_since: running_since.filter(|_| is_expected) };
        (job, job.status(runs.map(Runs::history).unwrap_or_default(), clock), runs)
    })
}

/// Logs how many jobs are late or failing and how many findings are open. Alarms listen to this line: the numbers
/// stay as they are until what they count is over.
pub fn log_states(states: &JobStates, expectations: JobExpectations, now: DateTime<Utc>) {
    let JobStates { runs, open_findings } = states;
    let (mut late, mut failing) = (Vec::new(), Vec::new());
    for (job, status, _) in statuses(runs, expectations, now) {
        match status {
            JobStatus::Late => late.push(job.name),
            JobStatus::Failing => failing.push(job.name),
            JobStatus::NeverRan | JobStatus::Ok => {}
        }
    }
    tracing::info!(
        late_jobs = late.len(),
        failing_jobs = failing.len(),
        open_findings,
        late = late.join(", "),
        failing = failing.join(", "),
        metrics = "late_jobs:Count,failing_jobs:Count,open_findings:Count",
        "the state of the jobs"
    );
}
