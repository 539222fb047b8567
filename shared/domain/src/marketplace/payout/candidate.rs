//! The input of a plan: bookings, professionals and rules.

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
    pub booked_at: DateTime<Utc>,
    pub payable: Money,
    pub charge: Option<ChargeId>,
    /// `None` if the job is not completed.
    pub hold_back_ends_at: Option<DateTime<Utc>>,
    /// The reason in the booking itself why it cannot be paid, apart from time.
    pub obstacle: Option<SkipReason>,
    /// The version of its payout operation: 1, unless Stripe finally refused an earlier one.
    pub version: u32,
}

impl Candidate {
    /// The candidate for a booking. `in_progress` means that a transfer of it is prepared, being sent or in doubt,
    /// which the booking itself does not contain.
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
            obstacle: obstacle.or_else(|| booking_obstacle(booking)),
            version,
        }
    }

    /// Why it cannot be paid now, regardless of the professional's account.
    pub fn skip_reason(&self, now: DateTime<Utc>) -> Option<SkipReason> {
        let nothing = (self.payable.amount <= 0).then_some(SkipReason::NothingToPay);
        let held_back = self.hold_back_ends_at.is_none_or(|end| end > now).then_some(SkipReason::HeldBack);
        self.obstacle.or(nothing).or(held_back)
    }
}

/// The reason in the booking itself why it cannot be paid.
fn booking_obstacle(booking: &Booking) -> Option<SkipReason> {
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

/// A professional's data for a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payee {
    pub account: Option<PayeeAccount>,
    /// The debt in minor units by currency: the balance of the `carried` account less what unfinished payouts
    /// withhold already.
    pub carried: BTreeMap<Currency, i64>,
}

/// A professional's account at Stripe (`account.updated`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeAccount {
    pub id: StripeAccountId,
    /// Whether it can receive money.
    pub charges_enabled: bool,
    /// Whether Stripe pays it out to the bank.
    pub payouts_enabled: bool,
    /// The currency of its balance.
    pub currency: Currency,
}

impl Payee {
    /// The account for transfers in this currency, or why there is none.
    pub(super) fn usable_account(&self, currency: &Currency) -> Result<&PayeeAccount, SkipReason> {
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

/// The rules of a batch, in minor units by currency. A currency without an entry has no such limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// The smallest amount paid to a professional in one batch.
    pub minimum: BTreeMap<Currency, i64>,
    /// The largest amount paid to a professional in one batch without a second person's approval.
    pub approval_above: BTreeMap<Currency, i64>,
    /// The largest amount approved for a professional in this batch.
    pub approved: BTreeMap<(ProfessionalId, Currency), i64>,
    /// What this batch already transfers to a professional: the limits apply to the whole batch, however many
    /// turns it takes.
    pub planned: BTreeMap<(ProfessionalId, Currency), i64>,
}

impl Rules {
    /// Whether the professional would get less than the minimum. Zero is allowed, because a debt may consume all.
    pub(super) fn is_below_minimum(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> bool {
        let minimum = self.minimum.get(currency).copied().unwrap_or_default();
        amount > 0 && self.batch_total(payee, currency, amount) < i128::from(minimum)
    }

    /// Whether a second person must approve first. An approval is valid up to its amount; a larger one needs a new
    /// approval.
    pub(super) fn needs_approval(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> bool {
        let Some(limit) = self.approval_above.get(currency) else { return false };
        let approved = self.approved.get(&(payee.clone(), currency.clone())).copied().unwrap_or_default();
        let total = self.batch_total(payee, currency, amount);
        amount > 0 && total > i128::from(*limit) && total > i128::from(approved)
    }

    /// What the professional gets in the whole batch.
    fn batch_total(&self, payee: &ProfessionalId, currency: &Currency, amount: i128) -> i128 {
        let planned = self.planned.get(&(payee.clone(), currency.clone())).copied().unwrap_or_default();
        amount + i128::from(planned)
    }
}
