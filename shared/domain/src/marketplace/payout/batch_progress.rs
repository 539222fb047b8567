//! The status of a batch, decided from what was counted.

use chrono::{DateTime, Duration, Utc};

use super::batch::{BatchRecord, BatchStatus};
use super::entry::BatchSums;

/// How often a batch is looked at while it goes on by itself.
const OPEN_MINUTES: i64 = 5;

/// How often a batch is looked at that waits for a person's statement about transfers in doubt.
const DOUBT_MINUTES: i64 = 60;

/// Why a batch is incomplete if nothing more precise is known.
pub const PROFESSIONALS_LEFT: &str = "professionals_left";

/// Why a batch is incomplete whose transfers Stripe refused.
pub const TRANSFERS_REFUSED: &str = "transfers_refused";

/// Why a batch failed.
pub const TRANSFERS_IN_DOUBT: &str = "transfers_in_doubt";

/// What was counted of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchProgress {
    pub sums: BatchSums,
    /// The provider's code for why transfers that have begun do not end, if a call failed.
    pub failing: Option<String>,
    /// Professionals who were due on the batch's day and are not processed.
    pub professionals_left: u64,
    /// The provider's code for why they are not processed, if a call failed.
    pub left_reason: Option<String>,
    /// Whether every other run has ended.
    pub other_runs_ended: bool,
    /// Whether the schedule goes on with professionals who are left: on payout days, until the next one begins.
    pub is_continued: bool,
    /// Whether the batch's day is over.
    pub is_day_over: bool,
}

impl BatchProgress {
    /// Updates the batch, and returns the time until it is counted again; `None` once it has ended.
    pub fn apply(self, record: &mut BatchRecord, now: DateTime<Utc>) -> Option<Duration> {
        let (status, reason) = self.status();
        record.change_to(status, reason, now);
        record.professionals_left = self.professionals_left;
        (record.counts, record.totals) = (self.sums.counts, self.sums.totals);
        record.had_errors |= matches!(status, BatchStatus::Waiting | BatchStatus::Failed);
        if !self.is_day_over {
            record.done_on_its_day = record.counts.done;
        }
        match status {
            _ if status.has_ended() => None,
            BatchStatus::Failed => Some(Duration::minutes(DOUBT_MINUTES)),
            _ => Some(Duration::minutes(OPEN_MINUTES)),
        }
    }

    /// The status and its reason. What is open comes first, because it goes on; then who was left; then what was
    /// refused.
    fn status(&self) -> (BatchStatus, Option<String>) {
        let counts = &self.sums.counts;
        let open = counts.open();
        let reason = |reason: &str| Some(reason.to_owned());
        if !self.other_runs_ended {
            return match &self.failing {
                Some(failing) => (BatchStatus::Waiting, Some(failing.clone())),
                None => (BatchStatus::Processing, None),
            };
        }
        if self.professionals_left > 0 && self.is_continued {
            let why = self.left_reason.clone().or_else(|| self.failing.clone());
            return if why.is_some() { (BatchStatus::Waiting, why) } else { (BatchStatus::Processing, None) };
        }
        if open > 0 && open == counts.in_doubt {
            return (BatchStatus::Failed, reason(TRANSFERS_IN_DOUBT));
        }
        if open > 0 {
            return match &self.failing {
                Some(failing) => (BatchStatus::Waiting, Some(failing.clone())),
                None => (BatchStatus::Processing, None),
            };
        }
        if self.professionals_left > 0 {
            return (BatchStatus::Incomplete, self.left_reason.clone().or(reason(PROFESSIONALS_LEFT)));
        }
        if let Some(code) = self.sums.retried_today.clone().filter(|_| !self.is_day_over) {
            return (BatchStatus::Waiting, Some(code));
        }
        match self.sums.refused {
            0 => (BatchStatus::Completed, None),
            _ => (BatchStatus::Incomplete, reason(TRANSFERS_REFUSED)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::payout::{BatchCounts, BatchId, StartedBy, kept_since};
    use crate::platform::objective::Kept;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_763_460_000 + minutes * 60, 0).unwrap()
    }

    fn ended(counts: BatchCounts) -> BatchProgress {
        let sums = BatchSums { counts, refused: counts.rejected, ..BatchSums::default() };
        BatchProgress { sums, other_runs_ended: true, is_continued: true, ..BatchProgress::default() }
    }

    fn counts(transfers: u64, done: u64, rejected: u64, in_doubt: u64) -> BatchCounts {
        BatchCounts { transfers, done, rejected, in_doubt, ..BatchCounts::default() }
    }

    fn status(progress: &BatchProgress) -> (BatchStatus, Option<String>) {
        progress.status()
    }

    #[test]
    fn a_batch_is_completed_only_when_nobody_is_left_and_nothing_was_refused() {
        assert_eq!(status(&ended(counts(2, 2, 0, 0))).0, BatchStatus::Completed);
        let left = BatchProgress { professionals_left: 1, ..ended(counts(2, 2, 0, 0)) };
        assert_eq!(status(&left).0, BatchStatus::Processing);
        let refused = status(&ended(counts(2, 1, 1, 0)));
        assert_eq!(refused, (BatchStatus::Incomplete, Some(TRANSFERS_REFUSED.to_owned())));
        let withdrawn = BatchProgress {
            sums: BatchSums { refused: 0, ..ended(counts(2, 1, 1, 0)).sums },
            ..ended(counts(2, 1, 1, 0))
        };
        assert_eq!(status(&withdrawn).0, BatchStatus::Completed, "what was withdrawn is no refusal");
    }

    #[test]
    fn a_batch_waits_with_the_providers_code_while_the_provider_fails() {
        let code = || Some("status_503".to_owned());
        let left = BatchProgress { professionals_left: 2, left_reason: code(), ..ended(counts(0, 0, 0, 0)) };
        assert_eq!(status(&left), (BatchStatus::Waiting, code()));
        let open = BatchProgress { failing: code(), ..ended(counts(2, 1, 0, 0)) };
        assert_eq!(status(&open), (BatchStatus::Waiting, code()));
        let not_continued = BatchProgress { is_continued: false, ..left };
        assert_eq!(status(&not_continued), (BatchStatus::Incomplete, code()));
    }

    #[test]
    fn a_low_balance_keeps_the_batch_waiting_until_its_day_is_over() {
        let mut low = ended(counts(1, 0, 1, 0));
        low.sums.retried_today = Some("balance_insufficient".to_owned());
        assert_eq!(status(&low).0, BatchStatus::Waiting);
        let over = BatchProgress { is_day_over: true, ..low };
        assert_eq!(status(&over).0, BatchStatus::Incomplete);
    }

    #[test]
    fn a_batch_with_transfers_in_doubt_only_needs_a_person() {
        assert_eq!(status(&ended(counts(3, 1, 1, 1))).0, BatchStatus::Failed);
        let open_too = ended(counts(4, 1, 1, 1));
        assert_eq!(status(&open_too).0, BatchStatus::Processing, "one of them still goes on by itself");
    }

    #[test]
    fn an_ended_batch_is_not_counted_again_and_its_end_is_announced_once() {
        let id = BatchId::parse("payout-2025-11-18-tue").unwrap();
        let mut record = BatchRecord::planned(id, StartedBy::Schedule, at(0));
        record.begin(at(1));
        assert!(!record.announce_end());
        assert_eq!(ended(counts(1, 1, 0, 0)).apply(&mut record, at(2)), None);
        assert!(record.announce_end() && !record.announce_end());
        record.begin(at(3));
        assert_eq!(ended(counts(1, 1, 0, 0)).apply(&mut record, at(4)), None);
        assert!(!record.announce_end(), "it was reopened, and nothing was added");
        assert_eq!(ended(counts(2, 2, 0, 0)).apply(&mut record, at(5)), None);
        assert!(record.announce_end(), "more was paid on the same day");
    }

    #[test]
    fn a_transfer_counts_once_and_is_on_its_day_only_if_the_day_was_not_over() {
        let id = BatchId::parse("payout-2025-11-18-tue").unwrap();
        let mut record = BatchRecord::planned(id, StartedBy::Schedule, at(0));
        ended(counts(3, 3, 0, 0)).apply(&mut record, at(1));
        let on_time = [Kept { good: 3, total: 3 }, Kept { good: 1, total: 1 }];
        assert_eq!(kept_since(None, &record).map(|(_, kept)| kept), on_time);
        record.announce_end();
        let before = record.announced;
        BatchProgress { is_day_over: true, ..ended(counts(5, 5, 0, 0)) }.apply(&mut record, at(2_000));
        let late = [Kept { good: 0, total: 2 }, Kept::default()];
        assert_eq!(kept_since(before.as_ref(), &record).map(|(_, kept)| kept), late);
    }

    #[test]
    fn a_run_that_goes_on_keeps_the_time_since_which_the_batch_waits() {
        let id = BatchId::parse("payout-2025-11-18-tue").unwrap();
        let mut record = BatchRecord::planned(id, StartedBy::Schedule, at(0));
        let waiting = BatchProgress {
            professionals_left: 1,
            left_reason: Some("status_503".to_owned()),
            ..ended(counts(0, 0, 0, 0))
        };
        assert_eq!(waiting.clone().apply(&mut record, at(1)), Some(Duration::minutes(OPEN_MINUTES)));
        record.begin(at(10));
        waiting.apply(&mut record, at(11));
        assert_eq!((record.status, record.changed_at), (BatchStatus::Waiting, at(1)));
    }
}
