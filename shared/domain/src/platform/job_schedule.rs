//! When the schedule of a job plans its next run.

use chrono::{DateTime, Datelike, Duration, DurationRound, Timelike, Utc};
use chrono_tz::Tz;

use super::job::JobSchedule;

/// More than a week, in which every schedule here plans a run.
const MAX_MINUTES: i64 = 8 * 24 * 60;

impl JobSchedule {
    /// The first planned time after `at`. A daily job at an unknown hour is expected a day later.
    pub fn first_after(self, at: DateTime<Utc>, payout_zone: Tz) -> DateTime<Utc> {
        let (crontab, zone) = match self {
            Self::Utc(crontab) => (crontab, Tz::UTC),
            Self::PayoutZone(crontab) => (crontab, payout_zone),
            Self::Daily => return at + Duration::days(1),
        };
        let minute = at.duration_trunc(Duration::minutes(1)).unwrap_or(at);
        let minutes = (1..=MAX_MINUTES).map(|ahead| minute + Duration::minutes(ahead));
        let mut planned = minutes.filter(|minute| is_planned(crontab, minute.with_timezone(&zone)));
        planned.next().unwrap_or(minute + Duration::minutes(MAX_MINUTES))
    }
}

/// Whether a crontab names this minute. Days of the month and months are `*` in every schedule here.
fn is_planned(crontab: &str, at: DateTime<Tz>) -> bool {
    let weekday = at.weekday().num_days_from_sunday();
    let values = [at.minute(), at.hour(), at.day(), at.month(), weekday];
    crontab.split(' ').zip(values).all(|(field, value)| field.split(',').any(|part| names(part, value)))
}

/// Whether one part of a field names the value: `*`, `*/5`, `9-12` or `2`.
fn names(part: &str, value: u32) -> bool {
    let is = |text: &str| text.parse() == Ok(value);
    match (part.strip_prefix("*/"), part.split_once('-')) {
        (Some(step), _) => step.parse().is_ok_and(|step: u32| step > 0 && value.is_multiple_of(step)),
        (None, Some((first, last))) => {
            first.parse().is_ok_and(|first: u32| first <= value)
                && last.parse().is_ok_and(|last: u32| value <= last)
        }
        (None, None) => part == "*" || is(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::{format, parse};

    fn first_after(schedule: JobSchedule, at: &str) -> String {
        format(schedule.first_after(parse(at).unwrap(), Tz::America__Bogota))
    }

    #[test]
    fn the_next_planned_time_is_by_the_clock_of_its_zone() {
        let payouts = JobSchedule::PayoutZone("*/10 9-12 * * 2,5");
        for (schedule, at, next) in [
            (JobSchedule::Utc("*/5 * * * *"), "2025-11-18T09:00:00Z", "2025-11-18T09:05:00.000Z"),
            (JobSchedule::Utc("*/5 * * * *"), "2025-11-18T09:04:59Z", "2025-11-18T09:05:00.000Z"),
            (JobSchedule::Utc("* * * * *"), "2025-11-18T09:04:59Z", "2025-11-18T09:05:00.000Z"),
            (JobSchedule::Utc("40 3 * * *"), "2025-11-18T03:40:00Z", "2025-11-19T03:40:00.000Z"),
            (JobSchedule::Daily, "2025-11-18T03:40:00Z", "2025-11-19T03:40:00.000Z"),
            (payouts, "2025-11-18T13:59:00Z", "2025-11-18T14:00:00.000Z"),
            (payouts, "2025-11-18T17:50:00Z", "2025-11-21T14:00:00.000Z"),
            (payouts, "2025-11-21T17:50:00Z", "2025-11-25T14:00:00.000Z"),
        ] {
            assert_eq!(first_after(schedule, at), next, "{schedule:?} after {at}");
        }
    }
}
