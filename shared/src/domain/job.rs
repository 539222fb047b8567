//! Jobs: what started one, and what it reports.

use chrono::{DateTime, Duration, DurationRound, Utc};
use serde::{Deserialize, Serialize};

/// The job that lets customers' money go when nobody answers.
pub const AUTO_DECLINE_JOB: &str = "auto-decline";

/// One planned firing of a job: the schedule's time, never the time of the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The job, such as `reminders`.
    pub job: String,
    /// When it was planned for.
    #[serde(with = "super::time")]
    pub scheduled_at: DateTime<Utc>,
}

impl Occurrence {
    /// The occurrence a call belongs to: the scheduler's own word, or the slot the call falls in.
    pub fn of(job: &str, scheduled_at: Option<DateTime<Utc>>, slot: Duration, now: DateTime<Utc>) -> Self {
        let slot_start = now.duration_trunc(slot).unwrap_or(now);
        Self { job: job.to_owned(), scheduled_at: scheduled_at.unwrap_or(slot_start) }
    }
}

/// What a run answers and logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The job.
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
    fn the_schedulers_word_wins_over_the_time_of_the_call() {
        let planned = DateTime::from_timestamp(1_760_000_100, 0).unwrap();
        let late = planned + Duration::hours(2);
        assert_eq!(
            Occurrence::of("reminders", Some(planned), Duration::minutes(5), late).scheduled_at,
            planned
        );
    }
}
