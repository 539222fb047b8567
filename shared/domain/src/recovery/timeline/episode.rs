//! An episode: one failed renewal, derived from a membership's facts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CaseFact, CaseFactKind, CaseStatus, EndedBy, failure_key, window_ends_at};
use crate::kernel::id::PaymentId;
use crate::kernel::money::Money;

/// The recovery of a failed renewal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When it happened at the provider.
    pub at: DateTime<Utc>,
    /// The payment, once it is known.
    pub payment: Option<PaymentId>,
    /// The paid amount; the failed amount if no payment named one.
    pub money: Option<Money>,
    /// The part returned later, in minor units of the same currency.
    pub returned_amount: i64,
}

impl Recovery {
    /// The recovered amount less returns, in minor units.
    pub fn kept_amount(&self) -> i64 {
        self.money.as_ref().map_or(0, |money| money.amount - self.returned_amount)
    }
}

/// One failed renewal, from its first failure to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The keys of its failures, by which a case finds its episode.
    pub failures: BTreeSet<String>,
    pub first_failure_at: DateTime<Utc>,
    pub last_failure_at: DateTime<Utc>,
    /// The latest failed payment.
    pub payment: Option<PaymentId>,
    /// The amount to recover.
    pub money: Option<Money>,
    pub status: CaseStatus,
    pub recovery: Option<Recovery>,
    /// When and by what it was cancelled.
    pub cancelled: Option<(DateTime<Utc>, EndedBy)>,
    /// Other payments on this membership; shown, and no recovery.
    pub other_payments: Vec<OtherPayment>,
    /// The membership's flags after its newest fact.
    pub flags: MembershipFlags,
    pub(super) payments: BTreeSet<PaymentId>,
    succeeded: bool,
}

/// A payment that does not pay the renewal, such as a one-time purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPayment {
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    pub payment_id: Option<PaymentId>,
    pub money: Option<Money>,
}

/// The flags of a membership, according to its newest events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MembershipFlags {
    pub cancel_scheduled: bool,
    pub collection_paused: bool,
}

/// The number of other payments that a case shows; further ones are visible at the provider.
const MAX_OTHER_PAYMENTS: usize = 10;

impl Episode {
    /// Whether the payment is one of this renewal's.
    pub fn includes(&self, payment: &PaymentId) -> bool {
        self.payments.contains(payment)
    }

    /// The end of the recovery window.
    pub fn window_ends_at(&self) -> DateTime<Utc> {
        window_ends_at(self.first_failure_at)
    }
}

/// Adds a failure to the current episode, or starts the next one.
pub(super) fn add_failure(
    episodes: &mut Vec<Episode>,
    fact: &CaseFact,
    (payment, money): (&Option<PaymentId>, &Option<Money>),
    flags: MembershipFlags,
) {
    let key = failure_key(fact.at, payment);
    match episodes.last_mut() {
        Some(current) if !current.succeeded && fact.at <= current.window_ends_at() => {
            current.failures.insert(key);
            current.last_failure_at = fact.at;
            current.payment = payment.clone().or(current.payment.take());
            current.money = money.clone().or(current.money.take());
            current.payments.extend(payment.clone());
        }
        // A charge contradicts an earlier event that the membership ends with its period. The case is opened,
        // and Whop's current answer decides before a message is sent.
        _ => episodes.push(Episode {
            failures: BTreeSet::from([key]),
            first_failure_at: fact.at,
            last_failure_at: fact.at,
            payment: payment.clone(),
            money: money.clone(),
            status: CaseStatus::Open,
            recovery: None,
            cancelled: None,
            other_payments: Vec::new(),
            flags,
            payments: payment.iter().cloned().collect(),
            succeeded: false,
        }),
    }
}

impl Episode {
    /// Closes the episode if the window had passed at the time of a later fact. A late or missing sweep must
    /// have no influence on a case's status.
    pub(super) fn apply_time(&mut self, at: DateTime<Utc>) {
        if self.status == CaseStatus::Open && at > self.window_ends_at() {
            self.status = CaseStatus::Exhausted;
        }
    }

    /// Applies a fact after the first failure. `flags` are the membership's flags after the fact.
    pub(super) fn apply(&mut self, fact: &CaseFact, flags: MembershipFlags) {
        self.flags = flags;
        match &fact.what {
            CaseFactKind::Paid { payment, money } => self.succeed(fact.at, payment.as_ref(), money.as_ref()),
            CaseFactKind::PaidOther { payment, money } => self.pay_other(fact.at, payment, money),
            CaseFactKind::Valid => self.succeed(fact.at, None, None),
            CaseFactKind::Ended if !self.succeeded && self.status == CaseStatus::Open => {
                self.status = CaseStatus::Lost
            }
            CaseFactKind::Cancelled { by } if !self.succeeded && !self.is_ended_by_owner() => {
                self.cancel(fact.at, *by);
            }
            CaseFactKind::CancelScheduled { scheduled: true } if self.status == CaseStatus::Open => {
                self.cancel(fact.at, EndedBy::CancelledByMember);
            }
            CaseFactKind::CancelScheduled { scheduled: false } => self.reopen(fact.at),
            CaseFactKind::BoughtAgain { .. } if self.status == CaseStatus::Open => {
                self.cancel(fact.at, EndedBy::BoughtAgain);
            }
            CaseFactKind::WindowPassed
                if self.status == CaseStatus::Open && fact.at >= self.window_ends_at() =>
            {
                self.status = CaseStatus::Exhausted;
            }
            _ => {}
        }
    }

    fn is_ended_by_owner(&self) -> bool {
        self.cancelled.is_some_and(|(_, by)| by.is_by_owner())
    }

    fn cancel(&mut self, at: DateTime<Utc>, by: EndedBy) {
        self.status = CaseStatus::Cancelled;
        self.cancelled = Some((at, by));
    }

    /// Reopens the episode after the member revoked a cancellation. An episode that the owner ended stays ended.
    fn reopen(&mut self, at: DateTime<Utc>) {
        if self.cancelled.is_some_and(|(_, by)| by == EndedBy::CancelledByMember) {
            self.cancelled = None;
            self.status = CaseStatus::Open;
            self.apply_time(at);
        }
    }

    /// Records a payment for something else. A payment that is known as the renewal's own is a success,
    /// whatever its billing reason.
    fn pay_other(&mut self, at: DateTime<Utc>, payment: &Option<PaymentId>, money: &Option<Money>) {
        if payment.as_ref().is_some_and(|payment| self.payments.contains(payment)) {
            return self.succeed(at, payment.as_ref(), money.as_ref());
        }
        if self.other_payments.len() < MAX_OTHER_PAYMENTS {
            let (payment_id, money) = (payment.clone(), money.clone());
            self.other_payments.push(OtherPayment { at, payment_id, money });
        }
    }

    /// Ends the episode with a success; it is a recovery if it came in time and the owner had not ended the
    /// episode.
    fn succeed(&mut self, at: DateTime<Utc>, payment: Option<&PaymentId>, money: Option<&Money>) {
        let in_time = at <= self.window_ends_at();
        if !self.succeeded {
            self.succeeded = true;
            if self.is_ended_by_owner() {
                return;
            }
            self.cancelled = None;
            if in_time {
                self.status = CaseStatus::Recovered;
                let money = self.money.clone();
                self.recovery = Some(Recovery { at, payment: None, money, returned_amount: 0 });
            } else {
                self.status = CaseStatus::Lost;
            }
        }
        // The membership is often reported as valid shortly before its payment: the first payment in the window
        // sets the recovered amount.
        if let (Some(recovery), Some(payment), true) = (&mut self.recovery, payment, in_time)
            && recovery.payment.is_none()
        {
            recovery.payment = Some(payment.clone());
            recovery.money = money.cloned().or(recovery.money.take());
            self.payments.insert(payment.clone());
        }
    }
}

impl Recovery {
    /// Subtracts returned money, at most the paid amount. An amount in another currency counts as the whole
    /// payment, so that recovered revenue is never overstated.
    pub(super) fn subtract_return(&mut self, returned: Option<&Money>) {
        let Some(paid) = &self.money else { return };
        let amount = match returned {
            Some(money) if money.currency == paid.currency => money.amount.max(0),
            Some(money) if money.amount == 0 => 0,
            _ => paid.amount,
        };
        self.returned_amount = self.returned_amount.saturating_add(amount).min(paid.amount);
    }
}
