//! One failed renewal as it follows from a membership's facts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{CaseFact, CaseFactKind, CaseStatus, EndedBy, failure_key, window_ends_at};
use crate::kernel::id::PaymentId;
use crate::kernel::money::Money;

/// How the money came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// When, at the provider.
    pub at: DateTime<Utc>,
    /// By which payment, once one is known.
    pub payment: Option<PaymentId>,
    /// What was paid; what had failed where no payment named an amount.
    pub money: Option<Money>,
    /// What of it went back later, in the same currency.
    pub returned_amount: i64,
}

impl Recovery {
    /// What stayed, in minor units.
    pub fn kept_amount(&self) -> i64 {
        self.money.as_ref().map_or(0, |money| money.amount - self.returned_amount)
    }
}

/// One failed renewal, from its first failure to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// The failures in it; the keys under which a case remembers its own.
    pub failures: BTreeSet<String>,
    /// When the first charge failed.
    pub first_failure_at: DateTime<Utc>,
    /// When the newest charge failed.
    pub last_failure_at: DateTime<Utc>,
    /// The newest payment that failed.
    pub payment: Option<PaymentId>,
    /// What is to be recovered.
    pub money: Option<Money>,
    pub status: CaseStatus,
    /// How it came back, if it did.
    pub recovery: Option<Recovery>,
    /// When and by what it was cancelled, if it was.
    pub cancelled: Option<(DateTime<Utc>, EndedBy)>,
    /// What else the member paid on this membership: shown, and no recovery.
    pub other_payments: Vec<OtherPayment>,
    /// How the membership stood at its newest fact.
    pub flags: MembershipFlags,
    pub(super) payments: BTreeSet<PaymentId>,
    succeeded: bool,
}

/// A payment that is none of the renewal's, such as a one-time purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherPayment {
    #[serde(with = "crate::kernel::time")]
    pub at: DateTime<Utc>,
    /// Which payment, where the event names it.
    pub payment_id: Option<PaymentId>,
    /// What was paid, where the event says it.
    pub money: Option<Money>,
}

/// What a member or the company has set on a membership, by its newest event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MembershipFlags {
    /// It ends with its period.
    pub cancel_scheduled: bool,
    /// Nothing is charged until it is resumed.
    pub collection_paused: bool,
}

/// As many as a case shows; who pays more often on one failed renewal is looked up at the provider.
const MAX_OTHER_PAYMENTS: usize = 10;

impl Episode {
    /// The last instant at which a success still counts.
    pub fn window_ends_at(&self) -> DateTime<Utc> {
        window_ends_at(self.first_failure_at)
    }
}

/// A failure goes on with the current episode or begins the next one.
pub(super) fn fail(
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
        // A charge that is tried although the membership was to end contradicts the older event, so the
        // case opens, and Whop's newest word decides before anybody is written to.
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
    /// Any later event shows that the window has passed, just as a sweep does: a sweep
    /// that is late or never comes must leave no trace in what a case becomes.
    pub(super) fn notice_time(&mut self, at: DateTime<Utc>) {
        if self.status == CaseStatus::Open && at > self.window_ends_at() {
            self.status = CaseStatus::Exhausted;
        }
    }

    /// Everything that can follow a failure. `flags` are those after the fact.
    pub(super) fn follow(&mut self, fact: &CaseFact, flags: MembershipFlags) {
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

    /// The member took a cancellation back. What the owner ended stays ended.
    fn reopen(&mut self, at: DateTime<Utc>) {
        if self.cancelled.is_some_and(|(_, by)| by == EndedBy::CancelledByMember) {
            self.cancelled = None;
            self.status = CaseStatus::Open;
            self.notice_time(at);
        }
    }

    /// A payment of something else. One that is known as the renewal's own is a success all the same,
    /// whatever reason it bears.
    fn pay_other(&mut self, at: DateTime<Utc>, payment: &Option<PaymentId>, money: &Option<Money>) {
        if payment.as_ref().is_some_and(|payment| self.payments.contains(payment)) {
            return self.succeed(at, payment.as_ref(), money.as_ref());
        }
        if self.other_payments.len() < MAX_OTHER_PAYMENTS {
            let (payment_id, money) = (payment.clone(), money.clone());
            self.other_payments.push(OtherPayment { at, payment_id, money });
        }
    }

    /// A success ends the episode; it is a recovery when it came in time and the owner had not ended it.
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
        // The membership is often valid a moment before its payment is reported: the first payment in
        // the window says what the recovery was worth.
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
    /// Takes returned money out, never more than came in. Another currency cannot be compared, so
    /// it counts as the whole: recovered revenue is never overstated.
    pub(super) fn give_back(&mut self, returned: Option<&Money>) {
        let Some(paid) = &self.money else { return };
        let amount = match returned {
            Some(money) if money.currency == paid.currency => money.amount.max(0),
            Some(money) if money.amount == 0 => 0,
            _ => paid.amount,
        };
        self.returned_amount = self.returned_amount.saturating_add(amount).min(paid.amount);
    }
}
