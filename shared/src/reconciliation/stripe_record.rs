//! The current state at Stripe of one object that moved money: its total, not only the amount of one line.

use std::collections::HashMap;

use super::line::{Line, MovementSource};
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::marketplace::booking::DisputeStatus;
use crate::providers::stripe::line::Dispute;
use crate::providers::stripe::payment::{Charge, PaymentIntent};
use crate::providers::stripe::transfer::Transfer;
use crate::store::marketplace::booking::BookingOwner;

/// The Stripe objects that were fetched in addition to the lines.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// Refunded payments, by id.
    pub payments: HashMap<String, PaymentIntent>,
    /// Reversed transfers, by id.
    pub transfers: HashMap<String, Transfer>,
}

/// The state of one object at Stripe.
#[derive(Debug, Clone)]
pub(super) struct StripeRecord {
    /// The id of a finding about this record.
    pub finding_id: String,
    /// The total moved, in minor units; negative if money left the balance.
    pub amount: i64,
    pub currency: Currency,
    /// The booking named in its metadata.
    pub named: Option<BookingOwner>,
    /// The payment by which its booking is found otherwise.
    pub payment_intent: Option<String>,
    pub movement: Movement,
}

#[derive(Debug, Clone)]
pub(super) enum Movement {
    /// With the charge's id.
    Captured(String),
    Refunded,
    Transferred(Box<Transfer>),
    Reversed(Box<Transfer>),
    Disputed(Dispute),
}

/// The record that a line belongs to; `None` for lines of no booking and for unknown sources.
pub(super) fn of_line(line: &Line, fetched: &Fetched) -> Option<StripeRecord> {
    match &line.source {
        MovementSource::Payment(charge) => Some(of_charge(charge)),
        MovementSource::Refund(refund) => {
            let payment = fetched.payments.get(refund.payment_intent.as_deref()?)?;
            let named = BookingOwner::named_in(&payment.metadata)
                .or_else(|| BookingOwner::named_in(&refund.metadata));
            Some(of_refunds(payment.charge()?, &payment.id, named))
        }
        MovementSource::Transfer(transfer) => Some(of_transfer(transfer)),
        MovementSource::TransferReversal(id) => fetched.transfers.get(id).map(of_reversals),
        MovementSource::Dispute(dispute) => Some(of_dispute(dispute)),
        MovementSource::Platform | MovementSource::Unknown => None,
    }
}

fn of_charge(charge: &Charge) -> StripeRecord {
    StripeRecord {
        finding_id: charge.id.clone(),
        amount: charge.amount_captured,
        currency: charge.currency.clone(),
        named: BookingOwner::named_in(&charge.metadata),
        payment_intent: charge.payment_intent.clone(),
        movement: Movement::Captured(charge.id.clone()),
    }
}

fn of_refunds(charge: &Charge, payment_intent: &str, named: Option<BookingOwner>) -> StripeRecord {
    StripeRecord {
        finding_id: format!("{}:refunded", charge.id),
        amount: -charge.amount_returned(),
        currency: charge.currency.clone(),
        named,
        payment_intent: Some(payment_intent.to_owned()),
        movement: Movement::Refunded,
    }
}

pub(super) fn of_transfer(transfer: &Transfer) -> StripeRecord {
    StripeRecord {
        finding_id: transfer.id.clone(),
        amount: -transfer.amount,
        currency: transfer.currency.clone(),
        named: BookingOwner::named_in(&transfer.metadata),
        payment_intent: None,
        movement: Movement::Transferred(Box::new(transfer.clone())),
    }
}

fn of_reversals(transfer: &Transfer) -> StripeRecord {
    StripeRecord {
        finding_id: format!("{}:reversed", transfer.id),
        amount: transfer.amount_reversed,
        currency: transfer.currency.clone(),
        named: BookingOwner::named_in(&transfer.metadata),
        payment_intent: None,
        movement: Movement::Reversed(Box::new(transfer.clone())),
    }
}

fn of_dispute(dispute: &Dispute) -> StripeRecord {
    let status = DisputeStatus::parse(&dispute.status);
    StripeRecord {
        finding_id: dispute.id.clone(),
        amount: status.map_or(0, |status| -status.amount_at_bank(dispute.amount)),
        currency: dispute.currency.clone(),
        named: None,
        payment_intent: dispute.payment_intent.clone(),
        movement: Movement::Disputed(dispute.clone()),
    }
}

impl StripeRecord {
    /// The amount without its sign, as facts store it.
    pub fn money(&self) -> Money {
        Money { amount: self.amount.saturating_abs(), currency: self.currency.clone() }
    }
}
