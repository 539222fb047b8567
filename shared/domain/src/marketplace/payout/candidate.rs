//! What a plan is made from.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::skip::SkipReason;
use crate::kernel::money::{Currency, Money};
use crate::kernel::party::{BookingId, ChargeId, ProfessionalId, StripeAccountId};
use crate::marketplace::booking::{Booking, Policy};

/// A booking that may be paid.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    pub booking_id: BookingId,
    pub professional_id: ProfessionalId,
    /// When it was asked for.
    pub booked_at: DateTime<Utc>,
    pub payable: Money,
    /// The charge the customer paid by.
    pub charge: Option<ChargeId>,
    /// When its hold-back ends; `None` where the job is not done.
    pub hold_back_ends_at: Option<DateTime<Utc>>,
    /// What in the booking itself stands in the way, time aside.
    pub obstacle: Option<SkipReason>,
    /// The version of its payout operation, 1 unless Stripe refused an earlier one for good.
    pub version: u32,
}

impl Candidate {
    /// A booking as a candidate. `in_progress` tells that a transfer of it is prepared, on its way or
    /// in doubt, which the booking itself does not know.
    pub fn of(
        booking_id: BookingId,
        booking: &Booking,
        policy: &Policy,
        version: u32,
        in_progress: bool,
    ) -> Self {
        let obstacle = if in_progress { Some(SkipReason::InProgress) } else { None };
        let obstacle = booking.payout.as_ref().map(|_| SkipReason::AlreadyPaid).or(obstacle);
        let currency = booking.terms.price.currency.clone();
        Self {
            booking_id,
            professional_id: booking.terms.professional_id.clone(),
            booked_at: booking.requested_at,
            payable: Money { amount: booking.amounts.payable, currency },
            charge: booking.charge.clone(),
            hold_back_ends_at: booking.hold_back_ends_at(policy),
            obstacle: obstacle.or_else(|| lack(booking)),
            version,
        }
    }

    /// Why it cannot be paid now, whatever the professional's account is like.
    pub fn waits_for(&self, now: DateTime<Utc>) -> Option<SkipReason> {
        let nothing = (self.payable.amount <= 0).then_some(SkipReason::NothingToPay);
        let held_back = self.hold_back_ends_at.is_none_or(|end| end > now).then_some(SkipReason::HeldBack);
        self.obstacle.or(nothing).or(held_back)
    }
}

/// What a booking lacks to be paid.
fn lack(booking: &Booking) -> Option<SkipReason> {
    let amounts = &booking.amounts;
    match () {
        () if !booking.stage.is_done() => Some(SkipReason::NotCompleted),
        () if booking.dispute_open => Some(SkipReason::Disputed),
        () if amounts.captured == 0 => Some(SkipReason::NotCaptured),
        () if amounts.refunded == amounts.captured => Some(SkipReason::Refunded),
        () if amounts.remaining() == 0 => Some(SkipReason::DisputeLost),
        () => None,
    }
}

/// A professional as the payouts see one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payee {
    /// The account at Stripe, if there is one.
    pub account: Option<PayeeAccount>,
    /// What the professional owes, in minor units by currency: the balance of the `carried` account
    /// less what payouts that are still on their way keep back already.
    pub carried: BTreeMap<Currency, i64>,
}

/// A professional's account at Stripe (`account.updated`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeAccount {
    pub id: StripeAccountId,
    /// Whether it can take money in.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out.
    pub payouts_enabled: bool,
    /// The currency it is kept in.
    pub currency: Currency,
}

impl Payee {
    /// Why nothing can be transferred in this currency.
    pub(super) fn waits_for(&self, currency: &Currency) -> Result<&PayeeAccount, SkipReason> {
        let account = self.account.as_ref().ok_or(SkipReason::StripeAccountMissing)?;
        match () {
            () if !account.charges_enabled || !account.payouts_enabled => {
                Err(SkipReason::StripeAccountRestricted)
            }
            () if account.currency != *currency => Err(SkipReason::CurrencyMismatch),
            () => Ok(account),
        }
    }
}

/// The limits of a batch, in minor units by currency. A currency without an entry has no such limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// What a professional is paid at least in one batch.
    pub minimum: BTreeMap<Currency, i64>,
    /// What a professional is paid at most in one batch without a second person's approval.
    pub approval_above: BTreeMap<Currency, i64>,
    /// What a second person approved for a professional in this batch, at most.
    pub approved: BTreeMap<(ProfessionalId, Currency), i64>,
    /// What this batch has decided to transfer to a professional already: the limits are those of a
    /// whole batch, however many looks it takes.
    pub planned: BTreeMap<(ProfessionalId, Currency), i64>,
}

impl Rules {
    /// Whether the money a professional would get is below the minimum. Nothing is not too little: a
    /// debt may take all.
    pub(super) fn is_below_minimum(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> bool {
        let minimum = self.minimum.get(currency).copied().unwrap_or_default();
        amount > 0 && self.in_all(payee, currency, amount) < i128::from(minimum)
    }

    /// Whether a second person must say yes first. An approval is for the amount that was approved:
    /// what has grown since is asked for again.
    pub(super) fn needs_approval(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> bool {
        let Some(limit) = self.approval_above.get(currency) else { return false };
        let approved = self.approved.get(&(payee.clone(), currency.clone())).copied().unwrap_or_default();
        let in_all = self.in_all(payee, currency, amount);
        amount > 0 && in_all > i128::from(*limit) && in_all > i128::from(approved)
    }

    /// What a professional gets of the whole batch.
    fn in_all(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> i128 {
        let planned = self.planned.get(&(payee.clone(), currency.clone())).copied().unwrap_or_default();
        amount + i128::from(planned)
    }
}
