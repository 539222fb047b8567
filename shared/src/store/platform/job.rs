//! The newest run of each job, and its hourly tallies.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::platform::job::{HourTally, Report, tally};
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::write::{Expect, Write, number};
use crate::store::{Store, Written};

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
}

#[derive(Serialize)]
struct Hours<'a> {
    hours: &'a [HourTally],
}

impl Store {
    /// Saves the newest run of a job. A run without work costs one write; any other is added to the tally of its
    /// hour, which is read first.
    pub async fn save_last_run(&self, job: &str, run: &LastRun) -> Result<(), StoreError> {
        let write = || Write::update(Key::last_run(job)).set_all(run);
        if run.report.due == 0 {
            return self.change::<serde::de::IgnoredAny>(write()?).await.map(drop);
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
            if let Written::Accepted(_) = self.change::<serde::de::IgnoredAny>(write).await? {
                return Ok(());
            }
        }
        // A lost tally must not make the run fail.
        self.change::<serde::de::IgnoredAny>(write()?).await.map(drop)
    }

    /// The newest run of a job.
    pub async fn last_run(&self, job: &str) -> Result<Option<LastRun>, StoreError> {
        Ok(self.runs(job).await?.map(|runs| runs.last))
    }

    pub async fn runs(&self, job: &str) -> Result<Option<Runs>, StoreError> {
        self.get(Key::last_run(job)).await
    }
}
