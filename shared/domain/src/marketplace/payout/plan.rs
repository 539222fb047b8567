//! The plan of a batch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::batch::BatchId;
use super::candidate::{Candidate, Payee, PayeeAccount, Rules};
use super::group::{Decision, decide};
use super::skip::{Skip, SkipReason};
use super::transfer::{TransferMetadata, TransferRequest, operation, transfer_group};
use crate::kernel::id::CompanyId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::party::{BookingId, ProfessionalId};

#[derive(Debug, Clone)]
pub struct PlanInput {
    pub company_id: CompanyId,
    pub batch: BatchId,
    pub now: DateTime<Utc>,
    /// The bookings that may be paid, in any order.
    pub bookings: Vec<Candidate>,
    /// A missing professional has no account at Stripe.
    pub payees: BTreeMap<ProfessionalId, Payee>,
    pub rules: Rules,
    /// The platform's balance at Stripe, in minor units by currency; a missing currency counts as zero.
    pub available: BTreeMap<Currency, i64>,
}

/// The decisions of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// In the order in which they are made.
    pub transfers: Vec<PlannedTransfer>,
    /// Bookings whose share a debt consumes entirely.
    pub settled: Vec<SettledByDebt>,
    /// Bookings that wait, with the reason.
    pub skips: Vec<Skip>,
    /// The professionals' debts before and after.
    pub carried: Vec<CarriedLine>,
    pub totals: BTreeMap<Currency, Totals>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTransfer {
    pub booking_id: BookingId,
    pub professional_id: ProfessionalId,
    pub payable: Money,
    /// The part of `payable` withheld for a debt.
    pub carried_amount: i64,
    pub request: TransferRequest,
}

/// A booking whose share a debt consumes entirely: it is settled without a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledByDebt {
    pub booking_id: BookingId,
    pub professional_id: ProfessionalId,
    pub payable: Money,
}

/// A professional's debt in one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CarriedLine {
    pub professional_id: ProfessionalId,
    pub currency: Currency,
    /// The debt before the batch.
    pub before_amount: i64,
    /// The part that the batch withholds.
    pub used_amount: i64,
    pub after_amount: i64,
}

/// The sums of a batch in one currency, in minor units; payable is the sum of transferred, withheld and skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub payable_amount: i128,
    pub transferred_amount: i128,
    /// The amount withheld for debts.
    pub carried_amount: i128,
    pub skipped_amount: i128,
}

/// Plans a batch. The order of the input has no influence, and a duplicate booking counts once.
pub fn plan(input: &PlanInput) -> Plan {
    let mut plan = Plan::default();
    let mut groups: BTreeMap<(ProfessionalId, Currency), Vec<Candidate>> = BTreeMap::new();
    for candidate in deduplicate(&input.bookings) {
        match candidate.skip_reason(input.now) {
            Some(reason) => plan.skip(&candidate, reason),
            None => {
                let key = (candidate.professional_id.clone(), candidate.payable.currency.clone());
                groups.entry(key).or_default().push(candidate);
            }
        }
    }
    let mut available = input.available.clone();
    let unknown = Payee::default();
    for shares in longest_waiting_first(groups.into_values().collect()) {
        let (payee_id, currency) = (&shares[0].professional_id, &shares[0].payable.currency);
        let payee = input.payees.get(payee_id).unwrap_or(&unknown);
        let available = available.entry(currency.clone()).or_default();
        plan.add(input, &shares, payee, available);
    }
    plan.skips.sort();
    plan.carried.sort_by(|a, b| (&a.professional_id, &a.currency).cmp(&(&b.professional_id, &b.currency)));
    plan
}

/// Removes duplicates. If two readings of a booking differ, it is changing right now and has to wait.
fn deduplicate(bookings: &[Candidate]) -> Vec<Candidate> {
    let mut readings: BTreeMap<BookingId, BTreeSet<&Candidate>> = BTreeMap::new();
    for candidate in bookings {
        readings.entry(candidate.booking_id).or_default().insert(candidate);
    }
    let once = |readings: BTreeSet<&Candidate>| {
        let mut candidate = (*readings.first()?).clone();
        if readings.len() > 1 {
            candidate.obstacle = Some(SkipReason::InProgress);
        }
        Some(candidate)
    };
    readings.into_values().filter_map(once).collect()
}

/// Sorts the shares of each professional, and the professionals, by the longest wait: that decides who is paid
/// if the platform's balance is short.
fn longest_waiting_first(mut groups: Vec<Vec<Candidate>>) -> Vec<Vec<Candidate>> {
    let age = |share: &Candidate| (share.hold_back_ends_at, share.booking_id);
    groups.iter_mut().for_each(|shares| shares.sort_by_key(age));
    groups.sort_by_key(|shares| shares.first().map(age));
    groups
}

impl Plan {
    fn add(&mut self, input: &PlanInput, shares: &[Candidate], payee: &Payee, available: &mut i64) {
        let Some(first) = shares.first() else { return };
        let currency = &first.payable.currency;
        let debt = payee.carried.get(currency).copied().unwrap_or_default();
        let account = payee.usable_account(currency);
        let decisions = decide(shares, account, debt, &input.rules, available);
        let mut used_amount = 0;
        for (share, decision) in shares.iter().zip(decisions) {
            match (decision, account) {
                (Decision::Settle { carried_amount }, Ok(account)) => {
                    used_amount += carried_amount;
                    self.settle(input, share, account, carried_amount);
                }
                (Decision::Skip(reason), _) | (Decision::Settle { .. }, Err(reason)) => {
                    self.skip(share, reason)
                }
            }
        }
        if debt > 0 {
            self.carried.push(CarriedLine {
                professional_id: first.professional_id.clone(),
                currency: currency.clone(),
                before_amount: debt,
                used_amount,
                after_amount: debt - used_amount,
            });
        }
    }

    fn settle(&mut self, input: &PlanInput, share: &Candidate, account: &PayeeAccount, carried_amount: i64) {
        let (booking_id, professional_id) = (share.booking_id, share.professional_id.clone());
        let payable = share.payable.clone();
        let amount = payable.amount - carried_amount;
        let totals = self.add_payable(&payable);
        totals.transferred_amount += i128::from(amount);
        totals.carried_amount += i128::from(carried_amount);
        if amount == 0 {
            self.settled.push(SettledByDebt { booking_id, professional_id, payable });
            return;
        }
        let request = TransferRequest {
            idempotency_key: operation(booking_id, share.version),
            amount,
            currency: payable.currency.clone(),
            destination: account.id.clone(),
            transfer_group: transfer_group(booking_id),
            source_transaction: share.charge.clone(),
            metadata: TransferMetadata {
                company_id: input.company_id.clone(),
                booking_id,
                batch_id: input.batch,
                carried_amount,
            },
            booked_at: Some(share.booked_at),
        };
        self.transfers.push(PlannedTransfer {
            booking_id,
            professional_id,
            payable,
            carried_amount,
            request,
        });
    }

    fn skip(&mut self, share: &Candidate, reason: SkipReason) {
        self.add_payable(&share.payable).skipped_amount += i128::from(share.payable.amount);
        self.skips.push(Skip {
            booking_id: share.booking_id,
            professional_id: share.professional_id.clone(),
            money: share.payable.clone(),
            reason,
        });
    }

    /// Adds a share to its currency's payable total and returns the totals; called once for every share.
    fn add_payable(&mut self, payable: &Money) -> &mut Totals {
        let totals = self.totals.entry(payable.currency.clone()).or_default();
        totals.payable_amount += i128::from(payable.amount);
        totals
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
