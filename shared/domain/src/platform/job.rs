//! Jobs: their schedule, their occurrences and their reports.

use chrono::{DateTime, Duration, DurationRound, Utc};
use serde::{Deserialize, Serialize};

/// The sweep over everything that is due, reminders among it.
pub const REMINDERS_JOB: &str = "reminders";

/// The job that compares the ledger with Stripe.
pub const RECONCILIATION_JOB: &str = "reconciliation";

/// The job that pays professionals on payout days.
pub const PAYOUTS_JOB: &str = "payouts";

/// The last planned run of a payout day, in minutes after its midnight: 12:50 by the schedule below.
pub const PAYOUTS_LAST_TICK_MINUTES: i64 = 12 * 60 + 50;

/// The job that declines unanswered bookings.
pub const AUTO_DECLINE_JOB: &str = "auto-decline";

/// The job that publishes audit entries on the event bus.
pub const EVENT_PUBLISHER_JOB: &str = "event-publisher";

/// One scheduled run of a job, by its planned time and not the time of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The job, such as `reminders`.
    pub job: String,
    #[serde(with = "crate::kernel::time")]
    pub scheduled_at: DateTime<Utc>,
}

impl Occurrence {
    /// The occurrence of a call: the scheduler's planned time, or else the start of the time slot of the call.
    pub fn of(job: &str, scheduled_at: Option<DateTime<Utc>>, slot: Duration, now: DateTime<Utc>) -> Self {
        let slot_start = now.duration_trunc(slot).unwrap_or(now);
        Self { job: job.to_owned(), scheduled_at: scheduled_at.unwrap_or(slot_start) }
    }
}

/// A job's schedule and its limits for monitoring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Used in routes, rows and logs.
    pub name: &'static str,
    /// It is never late before this time without a run.
    pub late_after_minutes: i64,
    /// Whether the service is unhealthy before the job's first run. A new deployment may wait days for a job
    /// that runs daily or on payout days, which is normal.
    pub must_have_run: bool,
    pub schedule: JobSchedule,
    /// How late a run may end before it is reported.
    pub margin_minutes: u32,
    /// After this many runs in a row that failed at their work the job is reported as failing: one for jobs that
    /// run daily or on payout days, three for jobs that run every few minutes.
    pub failing_after_runs: u32,
    /// Planned times are whole multiples of this many minutes; 1 for a job whose time of day the deployment
    /// configures.
    pub step_minutes: u32,
    /// The work of a run depends on its planned time, so that a missed one has to be made up. Any other job does
    /// all that is due in one run.
    pub depends_on_planned_time: bool,
}

/// The schedule of a job, as a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobSchedule {
    Utc(&'static str),
    /// In the time zone of the payout calendar.
    PayoutZone(&'static str),
    /// Once a day, at an hour that the deployment configures.
    Daily,
}

/// Every job. Daily jobs get a margin of two hours. Without an event bus `event-publisher` never runs.
pub const JOBS: [Job; 5] = [
    Job {
        must_have_run: true,
        failing_after_runs: 3,
        step_minutes: 5,
        ..job("reminders", 20, REMINDERS_SCHEDULE, 15)
    },
    job(AUTO_DECLINE_JOB, 26 * 60, JobSchedule::Daily, 120),
    Job {
        step_minutes: 10,
        depends_on_planned_time: true,
        ..job(PAYOUTS_JOB, 20, JobSchedule::PayoutZone("*/10 9-12 * * 2,5"), 9)
    },
    job("reconciliation", 26 * 60, JobSchedule::Utc("40 3 * * *"), 120),
    Job { failing_after_runs: 3, ..job(EVENT_PUBLISHER_JOB, 15, JobSchedule::Utc("* * * * *"), 14) },
];

const REMINDERS_SCHEDULE: JobSchedule = JobSchedule::Utc("*/5 * * * *");

const fn job(name: &'static str, late_after_minutes: i64, schedule: JobSchedule, margin_minutes: u32) -> Job {
    Job {
        name,
        late_after_minutes,
        must_have_run: false,
        schedule,
        margin_minutes,
        failing_after_runs: 1,
        step_minutes: 1,
        depends_on_planned_time: false,
    }
}

impl Job {
    pub fn named(name: &str) -> Option<Self> {
        JOBS.into_iter().find(|job| job.name == name)
    }

    /// The newest planned time that is not after `at`.
    pub fn planned_by(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.duration_trunc(Duration::minutes(i64::from(self.step_minutes))).unwrap_or(at)
    }
}

/// The totals of an hour's runs, for the failure rate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourTally {
    /// The hour, `2025-11-18T14`, in UTC.
    pub hour: String,
    /// Runs with due rows.
    pub runs: u64,
    pub done: u64,
    pub failed: u64,
    pub in_doubt: u64,
}

/// Two days, which always contain the last 24 hours.
const HOURS_KEPT: usize = 48;

/// Adds a run to its hour, sorted oldest first, and drops hours beyond two days.
pub fn tally(hours: &mut Vec<HourTally>, report: &Report, ended_at: DateTime<Utc>) {
    let hour = ended_at.format("%Y-%m-%dT%H").to_string();
    let position = hours.iter().position(|known| known.hour == hour).unwrap_or_else(|| {
        hours.push(HourTally { hour, ..HourTally::default() });
        hours.sort_by(|a, b| a.hour.cmp(&b.hour));
        hours.iter().position(|known| known.runs == 0).unwrap_or_default()
    });
    let tally = &mut hours[position];
    tally.runs += 1;
    tally.done += report.done;
    tally.failed += report.failed;
    tally.in_doubt += report.in_doubt;
    let beyond = hours.len().saturating_sub(HOURS_KEPT);
    hours.drain(..beyond);
}

/// The analytics results of a run of the event publisher.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "CountedEvents"))]
pub struct CaptureTotals {
    /// Events that this run found in the queue.
    pub due: u64,
    /// Events that analytics accepted.
    pub done: u64,
    /// Events that failed and are sent again.
    pub failed: u64,
    /// Events that waited too long and are not sent any more.
    pub given_up: u64,
}

/// The report of a run, which is returned and logged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub job: String,
    /// The planned time of the run.
    pub occurrence: String,
    /// Due rows that this run found.
    pub due: u64,
    /// Rows that were processed.
    pub done: u64,
    /// Unanswered bookings that this run declined; only for the auto-decline job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<u64>,
    /// The age of the oldest event that is not published yet, 0 if there is none; only for the event publisher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_seconds: Option<u64>,
    /// The analytics results; only for the event publisher with analytics configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytics: Option<CaptureTotals>,
    /// Rows left for later on purpose: above a company's share, of a company that is set aside, or held back by a
    /// switch.
    pub skipped: u64,
    /// The skipped rows that a switch holds back.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub switched_off: u64,
    /// Why the job did nothing at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_run: Option<NotRun>,
    /// Rows that failed and are retried.
    pub failed: u64,
    /// Effects whose outcome is unknown; shown to the operator, not repeated.
    pub in_doubt: u64,
    /// Effects that providers did, such as messages and transfers.
    #[serde(default)]
    pub effects_done: u64,
    /// Effects that providers refused for good.
    #[serde(default)]
    pub effects_refused: u64,
    pub duration_ms: u64,
    /// Whether a limit was reached and the next tick has to continue.
    pub more: bool,
}

/// What became of a run's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RunOutcome {
    /// Something was done, and nothing is in doubt.
    Ok,
    /// Nothing was due, or all of it was left for later on purpose.
    NothingToDo,
    /// Work was there and none of it was done, providers refused all of it, or the outcome of an effect is unknown.
    Failed,
}

impl RunOutcome {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Report {
    /// Whether the run failed at its work. One failed row beside others that were done is no failed run, because
    /// it is retried and one company's provider must not look like an outage.
    pub fn outcome(&self) -> RunOutcome {
        // What is switched off was left on purpose.
        let is_left = self.more && self.switched_off == 0;
        let is_stuck = self.done == 0 && (self.failed > 0 || is_left);
        let is_refused = self.effects_refused > 0 && self.effects_done == 0;
        match self.done {
            _ if self.in_doubt > 0 || is_stuck || is_refused => RunOutcome::Failed,
            0 => RunOutcome::NothingToDo,
            _ => RunOutcome::Ok,
        }
    }
}

impl Report {
    /// The report of an occurrence at which the job did nothing.
    pub fn not_run(occurrence: &Occurrence, why: NotRun) -> Self {
        let (job, occurrence) =
            (occurrence.job.clone(), crate::kernel::time::format(occurrence.scheduled_at));
        Self { job, occurrence, not_run: Some(why), ..Self::default() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is that of serde")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Why a job did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotRun {
    /// The day is not a payout day.
    NotAPayoutDay,
    /// Neither an event bus nor analytics is configured.
    NoEventBus,
    /// The job is switched off for the whole deployment.
    SwitchedOff,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_calls_in_one_slot_are_one_occurrence() {
        let at = |seconds: i64| DateTime::from_timestamp(1_760_000_100 + seconds, 0).unwrap();
        let slot = Duration::minutes(5);
        let one = Occurrence::of("reminders", None, slot, at(3));
        assert_eq!(one, Occurrence::of("reminders", None, slot, at(120)));
        assert_eq!(one.scheduled_at.timestamp() % 300, 0);
    }

    #[test]
    fn runs_of_an_hour_are_added_up_and_the_oldest_are_forgotten() {
        let at = |hours: i64| DateTime::from_timestamp(1_760_000_400 + hours * 3_600, 0).unwrap();
        let report = Report { done: 3, failed: 1, ..Report::default() };
        let mut hours = Vec::new();
        for hour in [1, 0, 1, 2] {
            tally(&mut hours, &report, at(hour));
        }
        let counts: Vec<(u64, u64)> = hours.iter().map(|hour| (hour.runs, hour.failed)).collect();
        assert_eq!(counts, [(1, 1), (2, 2), (1, 1)]);
        assert!(hours.is_sorted_by_key(|hour| hour.hour.clone()));
        for hour in 3..60 {
            tally(&mut hours, &report, at(hour));
        }
        assert_eq!((hours.len(), hours[47].runs), (48, 1));
    }

    #[test]
    fn a_run_fails_if_none_of_its_work_was_done_or_something_is_in_doubt() {
        for (done, failed, in_doubt, more, outcome) in [
            (0, 0, 0, false, RunOutcome::NothingToDo),
            (5, 0, 0, true, RunOutcome::Ok),
            (5, 3, 0, false, RunOutcome::Ok),
            (0, 3, 0, false, RunOutcome::Failed),
            // A limit was reached before anything was done, or the provider did not answer at all.
            (0, 0, 0, true, RunOutcome::Failed),
            (5, 0, 1, false, RunOutcome::Failed),
        ] {
            let report = Report { done, failed, in_doubt, more, ..Report::default() };
            assert_eq!(report.outcome(), outcome, "{report:?}");
        }
        for (effects_done, effects_refused, outcome) in
            [(0, 2, RunOutcome::Failed), (1, 2, RunOutcome::Ok), (1, 0, RunOutcome::Ok)]
        {
            let report = Report { done: 3, effects_done, effects_refused, ..Report::default() };
            assert_eq!(report.outcome(), outcome, "{report:?}");
        }
    }

    #[test]
    fn the_schedulers_planned_time_has_precedence_over_the_time_of_the_call() {
        let planned = DateTime::from_timestamp(1_760_000_100, 0).unwrap();
        let late = planned + Duration::hours(2);
        assert_eq!(
            Occurrence::of("reminders", Some(planned), Duration::minutes(5), late).scheduled_at,
            planned
        );
    }
}
