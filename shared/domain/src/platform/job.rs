//! Jobs: what started one, and what it reports.

use chrono::{DateTime, Duration, DurationRound, Utc};
use serde::{Deserialize, Serialize};

/// The job that lets customers' money go when nobody answers.
pub const AUTO_DECLINE_JOB: &str = "auto-decline";

/// The job that tells the event bus what happened.
pub const EVENT_PUBLISHER_JOB: &str = "event-publisher";

/// One planned firing of a job: the schedule's time, never the time of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The job, such as `reminders`.
    pub job: String,
    /// When it was planned for.
    #[serde(with = "crate::kernel::time")]
    pub scheduled_at: DateTime<Utc>,
}

impl Occurrence {
    /// The occurrence a call belongs to: the scheduler's own word, or the slot the call falls in.
    pub fn of(job: &str, scheduled_at: Option<DateTime<Utc>>, slot: Duration, now: DateTime<Utc>) -> Self {
        let slot_start = now.duration_trunc(slot).unwrap_or(now);
        Self { job: job.to_owned(), scheduled_at: scheduled_at.unwrap_or(slot_start) }
    }
}

/// A job as the operator sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its name in routes, rows and logs.
    pub name: &'static str,
    /// Without a run for so long it is late: its usual pause and some patience.
    pub late_after_minutes: i64,
    /// Whether the service is ill before its first run. A new deployment waits up to some days for those
    /// that run daily or on payout days, which is no illness.
    pub must_have_run: bool,
    /// When it is planned.
    pub rhythm: Rhythm,
    /// How late a planned run may begin before somebody outside misses it.
    pub margin_minutes: u32,
}

/// When a job is planned, in the words of crontabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// By the clock of UTC.
    Utc(&'static str),
    /// By the clock where payout days begin.
    PayoutZone(&'static str),
    /// Once a day, at an hour of the deployment's choice.
    Daily,
}

/// Every job. Payouts pause from Friday to Tuesday; those that run daily get two hours of patience. Without
/// an event bus `events` never runs.
pub const JOBS: [Job; 5] = [
    Job { must_have_run: true, ..job("reminders", 20, Rhythm::Utc("*/5 * * * *"), 15) },
    job(AUTO_DECLINE_JOB, 26 * 60, Rhythm::Daily, 120),
    job("payouts", (4 * 24 + 2) * 60, Rhythm::PayoutZone("*/10 9-12 * * 2,5"), 9),
    job("reconciliation", 26 * 60, Rhythm::Utc("40 3 * * *"), 120),
    job(EVENT_PUBLISHER_JOB, 15, Rhythm::Utc("* * * * *"), 14),
];

const fn job(name: &'static str, late_after_minutes: i64, rhythm: Rhythm, margin_minutes: u32) -> Job {
    Job { name, late_after_minutes, must_have_run: false, rhythm, margin_minutes }
}

/// How a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Punctuality {
    /// It has never run.
    NeverRan,
    /// It has not run for too long.
    Late,
    Ok,
}

impl Punctuality {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl Job {
    /// The job of that name.
    pub fn named(name: &str) -> Option<Self> {
        JOBS.into_iter().find(|job| job.name == name)
    }

    /// How it is doing, given when its newest run ended.
    pub fn punctuality(&self, ended_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Punctuality {
        match ended_at {
            None => Punctuality::NeverRan,
            Some(ended_at) if now - ended_at > Duration::minutes(self.late_after_minutes) => {
                Punctuality::Late
            }
            Some(_) => Punctuality::Ok,
        }
    }
}

/// What the runs of one hour came to, for the share of what failed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourTally {
    /// The hour, `2025-11-18T14`, in UTC.
    pub hour: String,
    /// Runs that found something to do.
    pub runs: u64,
    /// What reached its state.
    pub done: u64,
    /// What could not be worked on.
    pub failed: u64,
    /// What was left in doubt.
    pub in_doubt: u64,
}

/// For how many hours runs are remembered by the hour: two days, so that any last 24 hours are in it.
const HOURS_KEPT: usize = 48;

/// Adds a run to the hours, oldest first, and forgets the oldest beyond two days.
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

/// What analytics came to hear in a run of the job that tells what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "CountedEvents"))]
pub struct CaptureTotals {
    /// Events that analytics had yet to hear of, as far as this run looked.
    pub due: u64,
    /// Those that it took.
    pub done: u64,
    /// Those that it did not take, and that are sent again.
    pub failed: u64,
    /// Those that had waited for two days and are not sent any more.
    pub given_up: u64,
}

/// What a run answers and logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub job: String,
    /// Its occurrence: the planned time.
    pub occurrence: String,
    /// Rows of the due index that this run looked at.
    pub due: u64,
    /// Rows that reached the state they were due for.
    pub done: u64,
    /// Bookings that this run declined because nobody had answered, where that is the job's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declined: Option<u64>,
    /// How long the oldest event has waited that the event bus has yet to hear of, where that is the job's
    /// business; 0 where none waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_unsent_seconds: Option<u64>,
    /// What analytics came to hear, where it listens and that is the job's business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analytics: Option<CaptureTotals>,
    /// Rows left for later on purpose: over a company's share, or of a company set aside.
    pub skipped: u64,
    /// Rows that could not be worked on and will be tried again.
    pub failed: u64,
    /// Effects whose outcome nobody knows; shown to the operator, not repeated.
    pub in_doubt: u64,
    /// Wall time of the run, in milliseconds.
    pub duration_ms: u64,
    /// Whether a bound was reached and the next tick goes on.
    pub more: bool,
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
        let told: Vec<(u64, u64)> = hours.iter().map(|hour| (hour.runs, hour.failed)).collect();
        assert_eq!(told, [(1, 1), (2, 2), (1, 1)]);
        assert!(hours.is_sorted_by_key(|hour| hour.hour.clone()));
        for hour in 3..60 {
            tally(&mut hours, &report, at(hour));
        }
        assert_eq!((hours.len(), hours[47].runs), (48, 1));
    }

    #[test]
    fn a_job_without_a_run_for_longer_than_its_pause_is_late() {
        let now = DateTime::from_timestamp(1_760_000_100, 0).unwrap();
        let payouts = Job::named("payouts").unwrap();
        assert_eq!(payouts.punctuality(None, now), Punctuality::NeverRan);
        assert_eq!(payouts.punctuality(Some(now - Duration::days(4)), now), Punctuality::Ok);
        assert_eq!(payouts.punctuality(Some(now - Duration::days(5)), now), Punctuality::Late);
    }

    #[test]
    fn the_schedulers_word_wins_over_the_time_of_the_call() {
        let planned = DateTime::from_timestamp(1_760_000_100, 0).unwrap();
        let late = planned + Duration::hours(2);
        assert_eq!(
            Occurrence::of("reminders", Some(planned), Duration::minutes(5), late).scheduled_at,
            planned
        );
    }
}
