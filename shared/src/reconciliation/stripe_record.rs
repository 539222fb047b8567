//! What Stripe says now of one place where money moved: all of it, not only what one line moved.

use std::collections::HashMap;

use super::line::{Line, MovementSource};
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::marketplace::booking::DisputeStatus;
use crate::providers::stripe::line::Dispute;
use crate::providers::stripe::payment::{Charge, PaymentIntent};
use crate::providers::stripe::transfer::Transfer;
use crate::store::marketplace::booking::BookingOwner;

/// What was asked of Stripe beside the lines themselves.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Payments of which something went back, by id.
    pub payments: HashMap<String, PaymentIntent>,
    /// Transfers of which something came back, by id.
    pub transfers: HashMap<String, Transfer>,
}

/// What Stripe says of one place.
#[derive(Debug, Clone)]
pub(super) struct StripeRecord {
    /// The place: what a finding about it is called.
    pub place: String,
    /// What has moved there, all in all: below nothing where it left.
    pub amount: i64,
    pub currency: Currency,
    /// The booking it names itself.
    pub named: Option<BookingOwner>,
    /// The payment by which its booking is found.
    pub payment_intent: Option<String>,
    pub movement: Movement,
}

#[derive(Debug, Clone)]
pub(super) enum Movement {
    /// So much was taken in all, by this charge.
    Captured(String),
    /// So much went back in all.
    Refunded,
    Transferred(Box<Transfer>),
    /// So much of it came back in all.
    Reversed(Box<Transfer>),
    /// A dispute stands like this.
    Disputed(Dispute),
}

/// What Stripe says now of the place of a line; `None` where the line leads to no place.
pub(super) fn of(line: &Line, fetched: &Fetched) -> Option<StripeRecord> {
    match &line.source {
        MovementSource::Payment(charge) => Some(captured(charge)),
        MovementSource::Refund(refund) => {
            let payment = fetched.payments.get(refund.payment_intent.as_deref()?)?;
            let named = BookingOwner::named_in(&payment.metadata)
                .or_else(|| BookingOwner::named_in(&refund.metadata));
            Some(refunded(payment.charge()?, &payment.id, named))
        }
        MovementSource::Transfer(transfer) => Some(transferred(transfer)),
        MovementSource::TransferReversal(id) => fetched.transfers.get(id).map(reversed),
        MovementSource::Dispute(dispute) => Some(disputed(dispute)),
        MovementSource::Platform | MovementSource::Unknown => None,
    }
}

fn captured(charge: &Charge) -> StripeRecord {
    StripeRecord {
        place: charge.id.clone(),
        amount: charge.amount_captured,
        currency: charge.currency.clone(),
        named: BookingOwner::named_in(&charge.metadata),
        payment_intent: charge.payment_intent.clone(),
        movement: Movement::Captured(charge.id.clone()),
    }
}

fn refunded(charge: &Charge, payment_intent: &str, named: Option<BookingOwner>) -> StripeRecord {
    StripeRecord {
        place: format!("{}:refunded", charge.id),
        amount: -charge.amount_returned(),
        currency: charge.currency.clone(),
        named,
        payment_intent: Some(payment_intent.to_owned()),
        movement: Movement::Refunded,
    }
}

/// The word of a transfer itself.
pub(super) fn transferred(transfer: &Transfer) -> StripeRecord {
    StripeRecord {
        place: transfer.id.clone(),
        amount: -transfer.amount,
        currency: transfer.currency.clone(),
        named: BookingOwner::named_in(&transfer.metadata),
        payment_intent: None,
        movement: Movement::Transferred(Box::new(transfer.clone())),
    }
}

fn reversed(transfer: &Transfer) -> StripeRecord {
    StripeRecord {
        place: format!("{}:reversed", transfer.id),
        amount: transfer.amount_reversed,
        currency: transfer.currency.clone(),
        named: BookingOwner::named_in(&transfer.metadata),
        payment_intent: None,
        movement: Movement::Reversed(Box::new(transfer.clone())),
    }
}

fn disputed(dispute: &Dispute) -> StripeRecord {
    let status = DisputeStatus::parse(&dispute.status);
    StripeRecord {
        place: dispute.id.clone(),
        amount: status.map_or(0, |status| -status.amount_at_bank(dispute.amount)),
        currency: dispute.currency.clone(),
        named: None,
        payment_intent: dispute.payment_intent.clone(),
        movement: Movement::Disputed(dispute.clone()),
    }
}

impl StripeRecord {
    /// What moved, without its direction, as facts have it.
    pub fn money(&self) -> Money {
        Money { amount: self.amount.saturating_abs(), currency: self.currency.clone() }
    }
}
