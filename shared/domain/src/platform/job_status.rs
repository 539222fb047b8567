//! Whether a job runs in time and succeeds at its work.

use chrono::{DateTime, Duration, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::job::Job;

/// The status of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum JobStatus {
    /// It has never run, and no run has been missed yet.
    NeverRan,
    /// A planned run did not take place.
    Late,
    /// Its newest runs failed at their work.
    Failing,
    Ok,
}

/// What is known about the runs of a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunHistory {
    /// The end of the newest run.
    pub ended_at: Option<DateTime<Utc>>,
    /// How many of the newest runs in a row failed at their work; runs without work are not counted.
    pub failed_runs: u32,
}

/// What the deployment's jobs have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobClock {
    pub now: DateTime<Utc>,
    /// The time zone of the payout days.
    pub payout_zone: Tz,
    /// The end of the first run of any job that is known; a job that never ran is late by it.
    pub running_since: Option<DateTime<Utc>>,
}

impl JobStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Job {
    /// The status of the job. It is late once the first planned time after its newest run has passed by more than
    /// the margin.
    pub fn status(&self, history: RunHistory, clock: JobClock) -> JobStatus {
        let JobClock { now, payout_zone, running_since } = clock;
        let Some(since) = history.ended_at.or(running_since) else { return JobStatus::NeverRan };
        let expected = self.schedule.first_after(since, payout_zone);
        let is_missed = now > expected + Duration::minutes(self.margin_minutes.into());
        match history.ended_at {
            None if is_missed => JobStatus::Late,
            None => JobStatus::NeverRan,
            Some(at) if is_missed && now - at > Duration::minutes(self.late_after_minutes) => JobStatus::Late,
            Some(_) if self.is_failing(history.failed_runs) => JobStatus::Failing,
            Some(_) => JobStatus::Ok,
        }
    }

    /// Whether so many failed runs in a row are reported.
    pub fn is_failing(&self, failed_runs: u32) -> bool {
        failed_runs >= self.failing_after_runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::parse;
    use crate::platform::job::JOBS;

    fn status(job: &str, ended_at: Option<&str>, running_since: Option<&str>, now: &str) -> JobStatus {
        let at = |text: &str| parse(text).unwrap();
        let history = RunHistory { ended_at: ended_at.map(at), failed_runs: 0 };
        let payout_zone = Tz::America__Bogota;
        let clock = JobClock { now: at(now), payout_zone, running_since: running_since.map(at) };
        Job::named(job).unwrap().status(history, clock)
    }

    #[test]
    fn payouts_are_late_as_soon_as_the_first_tick_of_a_payout_day_is_missed() {
        // The last tick of Tuesday ended at 12:50 in Bogotá; the next one is planned for Friday, 9:00.
        let tuesday = Some("2025-11-18T17:50:04Z");
        for (now, expected) in [
            ("2025-11-18T22:00:00Z", JobStatus::Ok),
            ("2025-11-21T14:09:00Z", JobStatus::Ok),
            ("2025-11-21T14:09:01Z", JobStatus::Late),
            ("2025-11-23T00:00:00Z", JobStatus::Late),
        ] {
            assert_eq!(status("payouts", tuesday, None, now), expected, "{now}");
        }
        // Between two ticks of one morning, with the next one a little late.
        assert_eq!(
            status("payouts", Some("2025-11-18T14:00:04Z"), None, "2025-11-18T14:20:00Z"),
            JobStatus::Ok
        );
    }

    #[test]
    fn a_job_that_runs_every_few_minutes_is_late_after_its_pause() {
        let ended_at = Some("2025-11-18T09:02:03Z");
        assert_eq!(status("reminders", ended_at, None, "2025-11-18T09:22:03Z"), JobStatus::Ok);
        assert_eq!(status("reminders", ended_at, None, "2025-11-18T09:22:04Z"), JobStatus::Late);
        assert_eq!(status("event-publisher", ended_at, None, "2025-11-18T09:17:04Z"), JobStatus::Late);
        assert_eq!(status("auto-decline", ended_at, None, "2025-11-19T11:02:03Z"), JobStatus::Ok);
        assert_eq!(status("auto-decline", ended_at, None, "2025-11-19T11:02:04Z"), JobStatus::Late);
    }

    #[test]
    fn a_job_that_never_ran_is_late_once_its_first_planned_run_has_passed() {
        // A Wednesday; the first payout day is Friday.
        let wednesday = Some("2025-11-19T15:00:00Z");
        for (job, now, expected) in [
            ("payouts", "2025-11-21T14:09:00Z", JobStatus::NeverRan),
            ("payouts", "2025-11-21T14:09:01Z", JobStatus::Late),
            ("reconciliation", "2025-11-20T05:40:00Z", JobStatus::NeverRan),
            ("reconciliation", "2025-11-20T05:40:01Z", JobStatus::Late),
            ("reminders", "2025-11-19T15:20:01Z", JobStatus::Late),
        ] {
            assert_eq!(status(job, None, wednesday, now), expected, "{job} at {now}");
            assert_eq!(status(job, None, None, now), JobStatus::NeverRan, "nothing has ever run");
        }
    }

    #[test]
    fn a_job_is_failing_after_as_many_failed_runs_as_it_is_allowed() {
        let now = parse("2025-11-18T09:02:03Z").unwrap();
        let clock = JobClock { now, payout_zone: Tz::UTC, running_since: None };
        for job in JOBS {
            let with = |failed_runs| job.status(RunHistory { ended_at: Some(now), failed_runs }, clock);
            assert_eq!(with(job.failing_after_runs - 1), JobStatus::Ok, "{}", job.name);
            assert_eq!(with(job.failing_after_runs), JobStatus::Failing, "{}", job.name);
        }
    }
}
