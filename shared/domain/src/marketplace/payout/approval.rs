//! A second person's approval of a large payout.

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchId;

/// An approval is valid for as long as its reason is still known; a later batch needs a new one.
const VALID_DAYS: i64 = 7;

/// A person's approval of an amount for a professional in one batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The largest approved amount, in minor units.
    pub amount: i64,
    /// The account key of the approving person.
    pub approved_by: String,
    #[serde(with = "crate::kernel::time")]
    pub approved_at: DateTime<Utc>,
    #[serde(with = "crate::kernel::time")]
    pub valid_until: DateTime<Utc>,
    /// The batch that it was used for; it is valid for no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_in: Option<BatchId>,
}

impl Approval {
    pub fn new(amount: i64, approved_by: &str, now: DateTime<Utc>) -> Self {
        Self {
            amount,
            approved_by: approved_by.to_owned(),
            approved_at: now,
            valid_until: now + Duration::days(VALID_DAYS),
            used_in: None,
        }
    }

    /// Whether it is valid for a batch. `requester` is the person who requested the batch, if any, and must not
    /// be the person who approved it.
    pub fn counts_for(&self, batch: BatchId, requester: Option<&str>, now: DateTime<Utc>) -> bool {
        let unused = self.used_in.is_none_or(|used_in| used_in == batch);
        unused && now < self.valid_until && requester != Some(self.approved_by.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_valid_for_one_batch_for_a_week_and_not_for_a_run_of_its_approver() {
        let now = DateTime::UNIX_EPOCH;
        let [tuesday, friday] = ["payout-2025-11-18-tue", "payout-2025-11-21-fri"];
        let (tuesday, friday) = (BatchId::parse(tuesday).unwrap(), BatchId::parse(friday).unwrap());
        let approval = Approval::new(500, "user_1", now);
        assert!(approval.counts_for(tuesday, None, now));
        assert!(approval.counts_for(friday, Some("user_2"), now + Duration::days(6)));
        assert!(!approval.counts_for(tuesday, Some("user_1"), now));
        assert!(!approval.counts_for(tuesday, None, now + Duration::days(7)));
        let used = Approval { used_in: Some(tuesday), ..approval };
        assert!(used.counts_for(tuesday, None, now) && !used.counts_for(friday, None, now));
    }
}
