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

/// The money of a booking, in minor units. No amount is negative, and none exceeds the amount it is a part of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amounts {
    /// The captured total, in minor units.
    pub captured: i64,
    /// The refunded part of `captured`.
    pub refunded: i64,
    /// The part of the rest that was lost in disputes.
    pub lost: i64,
    /// The part of the rest that the bank holds in undecided disputes.
    pub contested: i64,
    /// The platform's fee on the rest.
    pub fee: i64,
    /// The professional's share: captured − refunded − lost − fee.
    pub payable: i64,
    pub transferred: i64,
    /// The reversed part of `transferred`.
    pub reversed: i64,
    /// The part of the share that was withheld for a debt.
    pub carried: i64,
}

impl Amounts {
    /// The captured amount less refunds and lost disputes.
    pub fn remaining(&self) -> i64 {
        self.captured - self.refunded - self.lost
    }
}

/// An inconsistency in a booking's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Anomaly {
    /// A fact in another currency than the booking's; its amount is ignored.
    CurrencyMismatch,
    /// A negative amount or one above every charge; it is ignored.
    AmountOutOfRange,
    CapturedAbovePrice,
    RefundedAboveCaptured,
    /// More is disputed than is left after refunds.
    DisputedAboveRemaining,
    ReversedAboveTransferred,
    /// More than one payment of the booking was captured; the first counts.
    SecondPayment,
    /// The share was settled more than once.
    SecondPayout,
    /// The share was settled before the job was completed.
    PaidBeforeCompletion,
    /// The booking was declined or cancelled and the customer's money is still held.
    HeldAfterEnd,
}

/// A settlement of the share: the transfer, or the batch in which a debt consumed all of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Settlement {
    ByTransfer(TransferId),
    ByDebt(BatchId),
}

/// The totals from the facts, before they are checked against each other.
#[derive(Debug)]
pub(super) struct Registers<'a> {
    currency: &'a Currency,
    captured: i64,
    refunded: i64,
    most_refunded: i64,
    /// When a refund failed after Stripe had made it, if the money is still with us.
    pub(super) refund_returned_at: Option<DateTime<Utc>>,
    settled: BTreeMap<Settlement, (i64, i64)>,
    reversed: BTreeMap<&'a TransferId, i64>,
    pub(super) disputes: Disputes,
    pub(super) anomalies: BTreeSet<Anomaly>,
}

impl<'a> Registers<'a> {
    /// Adds up all facts, oldest first.
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
            registers.record(fact);
        }
        registers
    }

    pub(super) fn is_captured(&self) -> bool {
        self.captured > 0
    }

    fn record(&mut self, fact: &'a BookingFact) {
        match &fact.what {
            BookingFactKind::Captured { money, .. } => {
                self.captured = self.captured.max(self.counted(money).unwrap_or_default());
            }
            // At the same time the larger total sorts last. A total decreases when a refund fails.
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

    /// The amount, if it is in the booking's currency and within the limits.
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

    /// Records a dispute. It blocks a payout even if its amount is ignored.
    fn dispute(&mut self, dispute_id: &str, status: DisputeStatus, money: &Money) {
        let amount = self.counted(money).unwrap_or_default();
        self.disputes.record(dispute_id, status, amount);
    }

    /// Checks the totals against each other and derives the amounts.
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

/// When and how the share was settled first.
pub(super) fn first_payout(facts: &[&BookingFact]) -> Option<(DateTime<Utc>, BatchId, Option<TransferId>)> {
    facts.iter().find_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { batch, transfer, .. } => Some((fact.at, *batch, transfer.clone())),
        _ => None,
    })
}
