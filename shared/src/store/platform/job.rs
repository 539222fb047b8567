//! The newest run of each job, and its hourly tallies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::time;
use crate::domain::platform::job::{HourTally, JOBS, Report, RunOutcome, tally};
use crate::domain::platform::job_status::RunHistory;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::marketplace::reconciliation::open_findings_of;
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Store, Written, read_row};

/// Two runs may end at the same moment; a fourth conflict has another cause.
const TRIES: u32 = 4;

/// The newest run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    #[serde(with = "crate::domain::kernel::time")]
    pub ended_at: DateTime<Utc>,
    pub report: Report,
}

/// The stored data about a job's runs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Runs {
    #[serde(flatten)]
    pub last: LastRun,
    /// The last two days by the hour, without runs that had nothing to do; oldest first.
    #[serde(default)]
    pub hours: Vec<HourTally>,
    #[serde(default)]
    tallied: u64,
    /// The end of the first run; absent in rows of older versions until their next run.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub first_ended_at: Option<DateTime<Utc>>,
    /// How many of the newest runs in a row failed at their work.
    #[serde(default)]
    pub failed_runs: u32,
}

/// What the alarms are told about the jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStates {
    /// Of the jobs that have run.
    pub runs: Vec<Runs>,
    pub open_findings: u64,
}

impl JobStates {
    /// The planned time of a job's newest run.
    pub fn last_planned(&self, job: &str) -> Option<DateTime<Utc>> {
        let runs = self.runs.iter().find(|runs| runs.last.report.job == job)?;
        time::parse(&runs.last.report.occurrence)
    }
}

impl Runs {
    pub fn history(&self) -> RunHistory {
        RunHistory { ended_at: Some(self.last.ended_at), failed_runs: self.failed_runs }
    }
}

#[derive(Deserialize)]
struct SavedRun {
    #[serde(default)]
    failed_runs: u32,
}

#[derive(Serialize)]
struct Hours<'a> {
    hours: &'a [HourTally],
}

impl Store {
    /// Saves the newest run of a job, and returns how many of its newest runs in a row failed at their work. A run
    /// without work costs one write; any other is added to the tally of its hour, which is read first.
    pub async fn save_last_run(&self, job: &str, run: &LastRun) -> Result<u32, StoreError> {
        let write = || -> Result<Write, StoreError> {
            let write = Write::update(Key::last_run(job)).set_all(run)?;
            let write = write.set_absent("first_ended_at", text(time::format(run.ended_at)));
            Ok(match run.report.outcome() {
                RunOutcome::Ok => write.set("failed_runs", number(0)),
                RunOutcome::NothingToDo => write,
                // A repeated request counts twice, which reports a failing job one run early.
                RunOutcome::Failed => write.count("failed_runs", 1),
            })
        };
        if run.report.due == 0 {
            return Ok(self.save_run(write()?).await?.unwrap_or_default());
        }
        for _ in 0..TRIES {
            let read = self.runs(job).await?;
            let tallied = read.as_ref().map_or(0, |runs| runs.tallied);
            let mut hours = read.map(|runs| runs.hours).unwrap_or_default();
            tally(&mut hours, &run.report, run.ended_at);
            let write = write()?.set_all(&Hours { hours: &hours })?.set("tallied", number(tallied + 1));
            let write = match tallied {
                0 => write.expect(Expect::Missing("tallied")),
                tallied => write.expect(Expect::Equals("tallied", number(tallied))),
            };
            if let Some(failed_runs) = self.save_run(write).await? {
                return Ok(failed_runs);
            }
        }
        // A lost tally must not make the run fail.
        Ok(self.save_run(write()?).await?.unwrap_or_default())
    }

    /// `None` if another run was saved meanwhile.
    async fn save_run(&self, write: Write) -> Result<Option<u32>, StoreError> {
        Ok(match self.change::<SavedRun>(write).await? {
            Written::Accepted(saved) => Some(saved.failed_runs),
            Written::Refused(_) => None,
        })
    }

    /// What is stored about the jobs that have run, and how many findings are open, in one request.
    pub async fn job_states(&self) -> Result<JobStates, StoreError> {
        let [first, second, third, fourth, fifth] = JOBS.map(|job| Key::last_run(job.name));
        let keys = [first, second, third, fourth, fifth, Key::finding_totals()];
        let [runs @ .., totals] = self.get_each(keys).await?;
        let runs = runs.into_iter().flatten().map(read_row).collect::<Result<_, _>>()?;
        Ok(JobStates { runs, open_findings: totals.as_ref().map(open_findings_of).unwrap_or_default() })
    }

    pub async fn runs(&self, job: &str) -> Result<Option<Runs>, StoreError> {
        self.get(Key::last_run(job)).await
    }
}
