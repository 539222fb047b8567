//! Decides which reminder of a case is due.

use chrono::{DateTime, Duration, Utc};

use super::timeline::window_ends_at;

/// The next step of an open case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReminderStep {
    /// Send the reminder of this offset; older missed ones are skipped.
    Remind {
        /// Days after the first failure.
        offset_days: u8,
    },
    /// Do nothing before this time.
    Wait {
        until: DateTime<Utc>,
    },
    Close,
}

/// The next step of an open case. `last_offset_days` is the newest reminder that was sent.
pub fn step(
    offsets_days: &[u8],
    first_failure_at: DateTime<Utc>,
    last_offset_days: Option<u8>,
    now: DateTime<Utc>,
) -> ReminderStep {
    let window_end = window_ends_at(first_failure_at);
    if now >= window_end {
        return ReminderStep::Close;
    }
    let due_at = |offset: u8| first_failure_at + Duration::days(i64::from(offset));
    let open =
        || offsets_days.iter().copied().filter(|offset| last_offset_days.is_none_or(|last| *offset > last));
    if let Some(offset_days) = open().filter(|offset| due_at(*offset) <= now).max() {
        return ReminderStep::Remind { offset_days };
    }
    let next = open().map(due_at).min().map_or(window_end, |due| due.min(window_end));
    ReminderStep::Wait { until: next }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: f64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000, 0).unwrap() + Duration::seconds((days * 86_400.0) as i64)
    }

    #[test]
    fn offset_zero_is_due_at_once() {
        assert_eq!(step(&[0, 2], at(0.0), None, at(0.0)), ReminderStep::Remind { offset_days: 0 });
    }

    #[test]
    fn a_late_run_takes_only_the_newest_due_step() {
        assert_eq!(step(&[0, 2, 4], at(0.0), None, at(4.5)), ReminderStep::Remind { offset_days: 4 });
        assert_eq!(step(&[0, 2, 4], at(0.0), Some(0), at(3.0)), ReminderStep::Remind { offset_days: 2 });
    }

    #[test]
    fn nothing_is_due_before_its_day_and_no_step_is_taken_twice() {
        assert_eq!(step(&[0, 2], at(0.0), Some(0), at(1.999)), ReminderStep::Wait { until: at(2.0) });
        assert_eq!(step(&[0, 2], at(0.0), Some(2), at(5.0)), ReminderStep::Wait { until: at(14.0) });
    }

    #[test]
    fn after_the_window_a_case_is_closed_silently() {
        assert_eq!(step(&[0, 2, 30], at(0.0), None, at(14.0)), ReminderStep::Close);
        assert_eq!(step(&[30], at(0.0), None, at(1.0)), ReminderStep::Wait { until: at(14.0) });
    }

    #[test]
    fn changed_offsets_go_on_after_the_newest_step_taken() {
        assert_eq!(step(&[1, 3, 5], at(0.0), Some(2), at(2.5)), ReminderStep::Wait { until: at(3.0) });
        assert_eq!(step(&[0, 1], at(0.0), Some(2), at(2.5)), ReminderStep::Wait { until: at(14.0) });
    }
}
