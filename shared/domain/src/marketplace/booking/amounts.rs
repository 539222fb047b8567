//! The money of a booking, in minor units of its currency.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::dispute::{DisputeStatus, Disputes};
use super::fact::{BookingFact, BookingFactKind};
use super::terms::{MAX_PRICE, Terms};
use crate::kernel::money::{Currency, Money};
use crate::kernel::party::TransferId;
use crate::marketplace::payout::BatchId;

/// The money of a booking. No amount is negative, and none is more than what it is taken out of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// What was taken from the customer.
    pub captured: i64,
    /// What of it went back.
    pub refunded: i64,
    /// What of the rest the bank took back for good.
    pub lost: i64,
    /// What of the rest the bank keeps until it decides.
    pub contested: i64,
    /// Our part of what stayed.
    pub fee: i64,
    /// The professional's part of what stayed: captured − refunded − lost − fee.
    pub payable: i64,
    /// What was transferred to the professional.
    pub transferred: i64,
    /// What of it came back.
    pub reversed: i64,
    /// What was kept back for a debt instead of being transferred.
    pub carried: i64,
}

impl Amounts {
    /// What stayed of the customer's money.
    pub fn remaining(&self) -> i64 {
        self.captured - self.refunded - self.lost
    }
}

/// What does not add up in a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Anomaly {
    /// A fact in another currency than the booking's; its amount was not counted.
    CurrencyMismatch,
    /// An amount below nothing or above every charge; it was not counted.
    AmountOutOfRange,
    /// More was captured than agreed.
    CapturedAbovePrice,
    /// More was refunded than captured.
    RefundedAboveCaptured,
    /// More is disputed than stayed after refunds.
    DisputedAboveRemaining,
    /// More came back from a transfer than was transferred.
    ReversedAboveTransferred,
    /// More than one payment of the one booking was taken; the first counts.
    SecondPayment,
    /// More than one settlement of the one booking.
    SecondPayout,
    /// A settlement before the job was done.
    PaidBeforeCompletion,
    /// The booking came to nothing and money of the customer's is still held.
    HeldAfterEnd,
}

/// One way a share was settled: the transfer, or the batch in which a debt took all.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Settlement {
    ByTransfer(TransferId),
    ByDebt(BatchId),
}

/// The totals as the facts give them, before they are held against each other.
#[derive(Debug)]
pub(super) struct Registers<'a> {
    currency: &'a Currency,
    captured: i64,
    refunded: i64,
    /// The largest total of refunds so far.
    most_refunded: i64,
    /// When a refund failed that Stripe had made, where its money is still with us.
    pub(super) refund_returned_at: Option<DateTime<Utc>>,
    settled: BTreeMap<Settlement, (i64, i64)>,
    reversed: BTreeMap<&'a TransferId, i64>,
    pub(super) disputes: Disputes,
    pub(super) anomalies: BTreeSet<Anomaly>,
}

impl<'a> Registers<'a> {
    /// Reads all facts, which come oldest first.
    pub(super) fn read(terms: &'a Terms, facts: &[&'a BookingFact]) -> Self {
        let mut registers = Self {
            currency: &terms.price.currency,
            captured: 0,
            refunded: 0,
            most_refunded: 0,
            refund_returned_at: None,
            settled: BTreeMap::new(),
            reversed: BTreeMap::new(),
            disputes: Disputes::default(),
            anomalies: BTreeSet::new(),
        };
        for fact in facts {
            registers.note(fact);
        }
        registers
    }

    /// Whether the customer's money was taken.
    pub(super) fn is_captured(&self) -> bool {
        self.captured > 0
    }

    fn note(&mut self, fact: &'a BookingFact) {
        match &fact.what {
            BookingFactKind::Captured { money, .. } => {
                self.captured = self.captured.max(self.counted(money).unwrap_or_default());
            }
            // Within one instant the larger total sorts last, and a total falls when a refund fails.
            BookingFactKind::Refunded { money, .. } => {
                self.refunded = self.counted(money).unwrap_or(self.refunded);
                self.most_refunded = self.most_refunded.max(self.refunded);
                self.refund_returned_at = (self.refunded < self.most_refunded).then_some(fact.at);
            }
            BookingFactKind::Disputed { dispute_id, status, money, .. } => {
                self.dispute(dispute_id, *status, money)
            }
            BookingFactKind::PaidOut { batch, transfer, money, carried_amount } => {
                let by = match transfer {
                    Some(transfer) => Settlement::ByTransfer(transfer.clone()),
                    None => Settlement::ByDebt(*batch),
                };
                let moved = self.counted(money).unwrap_or_default();
                let carried = Money { amount: *carried_amount, currency: money.currency.clone() };
                let carried = self.counted(&carried).unwrap_or_default();
                let known = self.settled.entry(by).or_default();
                *known = (known.0.max(moved), known.1.max(carried));
            }
            BookingFactKind::TransferReversed { transfer, money } => {
                let amount = self.counted(money).unwrap_or_default();
                let known = self.reversed.entry(transfer).or_default();
                *known = amount.max(*known);
            }
            _ => {}
        }
    }

    /// The amount, if it is one of this booking.
    fn counted(&mut self, money: &Money) -> Option<i64> {
        let anomaly = if money.currency != *self.currency {
            Anomaly::CurrencyMismatch
        } else if !(0..=MAX_PRICE).contains(&money.amount) {
            Anomaly::AmountOutOfRange
        } else {
            return Some(money.amount);
        };
        self.anomalies.insert(anomaly);
        None
    }

    /// A dispute stands in the way of a payout even when its amount cannot be counted.
    fn dispute(&mut self, dispute_id: &str, status: DisputeStatus, money: &Money) {
        let amount = self.counted(money).unwrap_or_default();
        self.disputes.note(dispute_id, status, amount);
    }

    /// Holds the totals against each other.
    pub(super) fn amounts(&mut self, terms: &Terms) -> Amounts {
        self.report(self.captured > terms.price.amount, Anomaly::CapturedAbovePrice);
        self.report(self.settled.len() > 1, Anomaly::SecondPayout);
        let captured = self.captured;
        let refunded = self.cap(self.refunded, captured, Anomaly::RefundedAboveCaptured);
        let kept = captured - refunded;
        let lost = self.cap(self.disputes.lost_amount(), kept, Anomaly::DisputedAboveRemaining);
        let remaining = kept - lost;
        let contested =
            self.cap(self.disputes.contested_amount(), remaining, Anomaly::DisputedAboveRemaining);
        let fee = terms.fee.of(&Money { amount: remaining, currency: terms.price.currency.clone() });
        let (mut transferred, mut reversed, mut carried) = (0, 0, 0);
        for (moved, kept_back) in self.settled.values() {
            transferred += moved;
            carried += kept_back;
        }
        for (transfer, total) in std::mem::take(&mut self.reversed) {
            let settlement = self.settled.get(&Settlement::ByTransfer(transfer.clone()));
            let moved = settlement.map_or(0, |(moved, _)| *moved);
            reversed += self.cap(total, moved, Anomaly::ReversedAboveTransferred);
        }
        let payable = remaining - fee;
        Amounts { captured, refunded, lost, contested, fee, payable, transferred, reversed, carried }
    }

    fn cap(&mut self, amount: i64, most: i64, anomaly: Anomaly) -> i64 {
        self.report(amount > most, anomaly);
        amount.min(most)
    }

    fn report(&mut self, found: bool, anomaly: Anomaly) {
        if found {
            self.anomalies.insert(anomaly);
        }
    }
}

/// When and how a share was settled first.
pub(super) fn first_payout(facts: &[&BookingFact]) -> Option<(DateTime<Utc>, BatchId, Option<TransferId>)> {
    facts.iter().find_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { batch, transfer, .. } => Some((fact.at, *batch, transfer.clone())),
        _ => None,
    })
}
