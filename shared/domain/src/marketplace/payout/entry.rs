//! The entries of a batch, one per booking, and their sums.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchCounts;
use super::transfer_refusal::TransferRetry;
use crate::kernel::money::Currency;
use crate::kernel::party::{BookingId, ProfessionalId};
use crate::platform::refusal::is_expected_end;

/// The result of a booking in a batch.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EntryStatus {
    /// Its transfer is planned and has not ended.
    Open,
    /// Its transfer was made.
    Done,
    /// Stripe finally refused its transfer, or it was withdrawn before it was sent.
    Rejected,
    /// The outcome of its transfer is unknown.
    InDoubt,
    /// A debt consumed the whole share; there is no transfer.
    Settled,
    /// It waits for a later batch.
    Skipped,
}

impl EntryStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A booking in a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchEntry {
    pub booking_id: BookingId,
    pub professional_id: ProfessionalId,
    pub currency: Currency,
    pub status: EntryStatus,
    /// The professional's share, in minor units.
    pub payable_amount: i64,
    /// The transferred part of the share.
    pub amount: i64,
    /// The part of the share withheld for a debt.
    pub carried_amount: i64,
    /// The operation of its transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The transfer at Stripe, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer_id: Option<String>,
    /// Why it was skipped, refused, or is in doubt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The time of the decision.
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
}

/// The sums of a batch in one currency, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BatchTotals {
    pub transferred_amount: i64,
    /// Transfers that have not ended or are in doubt.
    pub open_amount: i64,
    pub rejected_amount: i64,
    /// What was withheld for debts from transferred and settled shares.
    pub carried_amount: i64,
    pub skipped_amount: i64,
}

/// The sums of a batch's entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchSums {
    pub counts: BatchCounts,
    pub totals: BTreeMap<Currency, BatchTotals>,
    /// Rejected entries that Stripe refused; the others were withdrawn, because nothing was left to transfer.
    pub refused: u64,
    /// The code of a refusal that is tried again on the same day.
    pub retried_today: Option<String>,
    /// Transfers that have not ended: the first hundred, by booking and operation.
    pub open: Vec<(BookingId, String)>,
}

/// As many open transfers as one request reads.
const MAX_OPEN: usize = 100;

impl BatchSums {
    pub fn add(&mut self, entry: &BatchEntry) {
        let counts = &mut self.counts;
        let totals = self.totals.entry(entry.currency.clone()).or_default();
        let put = |sum: &mut i64, amount: i64| *sum = sum.saturating_add(amount);
        match entry.status {
            EntryStatus::Skipped => {
                counts.skipped += 1;
                put(&mut totals.skipped_amount, entry.payable_amount);
                return;
            }
            EntryStatus::Settled => {
                counts.settled += 1;
                put(&mut totals.carried_amount, entry.carried_amount);
                return;
            }
            _ => counts.transfers += 1,
        }
        match entry.status {
            EntryStatus::Done => {
                counts.done += 1;
                put(&mut totals.transferred_amount, entry.amount);
                put(&mut totals.carried_amount, entry.carried_amount);
            }
            EntryStatus::Rejected => {
                counts.rejected += 1;
                put(&mut totals.rejected_amount, entry.amount);
                self.add_refusal(entry.reason.as_deref().unwrap_or_default());
            }
            status => {
                counts.in_doubt += u64::from(status == EntryStatus::InDoubt);
                put(&mut totals.open_amount, entry.amount);
                if let Some(operation) = &entry.operation
                    && status == EntryStatus::Open
                    && self.open.len() < MAX_OPEN
                {
                    self.open.push((entry.booking_id, operation.clone()));
                }
            }
        }
    }

    fn add_refusal(&mut self, code: &str) {
        if is_expected_end(code) {
            return;
        }
        self.refused += 1;
        if TransferRetry::of(code) == TransferRetry::SameDay {
            self.retried_today = Some(code.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::booking::sample::{booking_id, hour, professional, usd};

    fn entry(status: EntryStatus, payable_amount: i64, carried_amount: i64) -> BatchEntry {
        BatchEntry {
            booking_id: booking_id(1),
            professional_id: professional(1),
            currency: usd(0).currency,
            status,
            payable_amount,
            amount: payable_amount - carried_amount,
            carried_amount,
            operation: None,
            transfer_id: None,
            reason: None,
            at: hour(0.0),
        }
    }

    #[test]
    fn a_status_has_the_same_code_everywhere() {
        for status in [
            EntryStatus::Open,
            EntryStatus::Done,
            EntryStatus::Rejected,
            EntryStatus::InDoubt,
            EntryStatus::Settled,
            EntryStatus::Skipped,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
        }
    }

    #[test]
    fn every_cent_of_a_batch_is_in_one_of_its_sums() {
        let entries = [
            entry(EntryStatus::Open, 1, 0),
            entry(EntryStatus::Done, 25, 5),
            entry(EntryStatus::Rejected, 300, 0),
            entry(EntryStatus::InDoubt, 4_000, 0),
            entry(EntryStatus::Settled, 50_000, 50_000),
            entry(EntryStatus::Skipped, 600_000, 0),
        ];
        let mut sums = BatchSums::default();
        entries.iter().for_each(|entry| sums.add(entry));
        let counts = BatchCounts { transfers: 4, done: 1, rejected: 1, in_doubt: 1, settled: 1, skipped: 1 };
        assert_eq!((sums.counts, sums.counts.open()), (counts, 2));
        let totals = sums.totals[&usd(0).currency];
        let expected = BatchTotals {
            transferred_amount: 20,
            open_amount: 4_001,
            rejected_amount: 300,
            carried_amount: 50_005,
            skipped_amount: 600_000,
        };
        assert_eq!(totals, expected);
    }
}
