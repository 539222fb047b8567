//! Compares one Stripe record with the ledger of its booking.

use std::cmp::Ordering;

use super::stripe_record::{Movement, StripeRecord};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{ChargeId, PaymentIntentId, TransferId};
use crate::domain::marketplace::booking::{
    Booking, BookingFactKind, DisputeStatus, newest_disputes, taken_out_amount,
};
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::providers::stripe::line::Dispute;
use crate::providers::stripe::transfer::Transfer;
use crate::store::marketplace::reconciliation::{Books, FindingKind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    Matches,
    /// The ledger lacks this fact; recording it should make both agree. With the ledger's amount in minor units.
    MissingFact(Box<BookingFactKind>, i64),
    /// They differ, and no fact can be backfilled. With the ledger's amount in minor units.
    Mismatch(FindingKind, i64),
}

/// Compares a record with the ledger of the booking it belongs to.
pub(super) fn check(books: &Books, record: &StripeRecord) -> Check {
    match books {
        Books::Known(row) => check_row(row, record),
        Books::Unknown => Check::Mismatch(record.unknown_kind(), 0),
        Books::Unreadable => Check::Mismatch(FindingKind::BooksUnreadable, 0),
    }
}

/// Compares a record with a booking's row.
pub(super) fn check_row(row: &BookingRecord, record: &StripeRecord) -> Check {
    let Some(booking) = row.booking() else { return Check::Mismatch(record.unknown_kind(), 0) };
    let is_own_currency = booking.terms.price.currency == record.currency;
    match &record.movement {
        Movement::Transferred(transfer) => check_transferred(row, &booking, transfer),
        Movement::Reversed(transfer) => check_reversed(row, &booking, transfer, record),
        _ if !is_own_payment(row, &booking, record) => Check::Mismatch(FindingKind::ChargeUnknown, 0),
        // A payment in another currency is an anomaly of the booking and not in its ledger.
        _ if !is_own_currency => Check::Mismatch(FindingKind::AmountDiffers, 0),
        Movement::Captured(charge) => check_captured(&booking, charge, record),
        Movement::Refunded => {
            let recorded = -booking.amounts.refunded;
            let what =
                || BookingFactKind::Refunded { money: record.money(), payment_intent: record.payment() };
            if recorded == record.amount {
                Check::Matches
            } else {
                Check::MissingFact(Box::new(what()), recorded)
            }
        }
        Movement::Disputed(dispute) => check_disputed(row, &booking, dispute, record),
    }
}

/// Whether the payment is the booking's own; the ledger contains no second payment. While nothing is captured,
/// the first captured payment counts as the booking's, as it does for events.
fn is_own_payment(row: &BookingRecord, booking: &Booking, record: &StripeRecord) -> bool {
    let is_first = matches!(record.movement, Movement::Captured(_)) && booking.amounts.captured == 0;
    let own = own_payment(row, booking);
    let is_own = own.is_none_or(|own| Some(own.as_str()) == record.payment_intent.as_deref());
    is_own || (is_first && record.currency == booking.terms.price.currency)
}

fn own_payment<'a>(row: &'a BookingRecord, booking: &'a Booking) -> Option<&'a PaymentIntentId> {
    booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref())
}

fn check_captured(booking: &Booking, charge: &str, record: &StripeRecord) -> Check {
    let recorded = booking.amounts.captured;
    match (recorded.cmp(&record.amount), record.payment()) {
        (Ordering::Equal, _) => Check::Matches,
        // The largest captured total wins, so recording a smaller one would change nothing.
        (Ordering::Less, Some(payment_intent)) => {
            let charge = ChargeId::parse(charge).ok();
            let what = BookingFactKind::Captured { payment_intent, charge, money: record.money() };
            Check::MissingFact(Box::new(what), recorded)
        }
        _ => Check::Mismatch(FindingKind::AmountDiffers, recorded),
    }
}

/// The recorded amount of this transfer.
fn recorded_transfer<'a>(row: &'a BookingRecord, id: &str) -> Option<&'a Money> {
    row.history.facts().find_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { transfer: Some(transfer), money, .. } if transfer.as_str() == id => {
            Some(money)
        }
        _ => None,
    })
}

/// Every transfer in a booking's ledger.
pub(super) fn transfers_of(row: &BookingRecord) -> impl Iterator<Item = (&TransferId, &Money)> {
    row.history.facts().filter_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { transfer: Some(transfer), money, .. } => Some((transfer, money)),
        _ => None,
    })
}

fn check_transferred(row: &BookingRecord, booking: &Booking, transfer: &Transfer) -> Check {
    let first = booking.payout.as_ref().and_then(|payout| payout.transfer.as_ref());
    let Some(money) = recorded_transfer(row, &transfer.id) else {
        let kind = if first.is_some() { FindingKind::SecondTransfer } else { FindingKind::TransferUnknown };
        return Check::Mismatch(kind, 0);
    };
    let counted = if money.currency == booking.terms.price.currency { -money.amount } else { 0 };
    if (money.amount, &money.currency) != (transfer.amount, &transfer.currency) {
        return Check::Mismatch(FindingKind::AmountDiffers, counted);
    }
    match first {
        Some(first) if first.as_str() == transfer.id && counted == -transfer.amount => Check::Matches,
        Some(first) if first.as_str() == transfer.id => Check::Mismatch(FindingKind::AmountDiffers, counted),
        _ => Check::Mismatch(FindingKind::SecondTransfer, counted),
    }
}

fn check_reversed(
    row: &BookingRecord,
    booking: &Booking,
    transfer: &Transfer,
    record: &StripeRecord,
) -> Check {
    let own = &booking.terms.price.currency;
    let moved = recorded_transfer(row, &transfer.id).filter(|money| money.currency == *own);
    let (Some(moved), Ok(id)) = (moved, TransferId::parse(&transfer.id)) else {
        return Check::Mismatch(FindingKind::TransferUnknown, 0);
    };
    let recorded = row.history.facts().filter_map(|fact| match &fact.what {
        BookingFactKind::TransferReversed { transfer, money }
            if *transfer == id && money.currency == *own =>
        {
            Some(money.amount.min(moved.amount))
        }
        _ => None,
    });
    let recorded = recorded.max().unwrap_or_default();
    match recorded.cmp(&record.amount) {
        Ordering::Equal => Check::Matches,
        Ordering::Less => Check::MissingFact(
            Box::new(BookingFactKind::TransferReversed { transfer: id, money: record.money() }),
            recorded,
        ),
        Ordering::Greater => Check::Mismatch(FindingKind::AmountDiffers, recorded),
    }
}

fn check_disputed(row: &BookingRecord, booking: &Booking, dispute: &Dispute, record: &StripeRecord) -> Check {
    let money = Money { amount: dispute.amount, currency: dispute.currency.clone() };
    let known = newest_disputes(&row.history, own_payment(row, booking));
    let recorded = known.iter().find(|recorded| recorded.id == dispute.id);
    let in_books = taken_out_amount(&known, booking, &dispute.id);
    let Some(status) = DisputeStatus::parse(&dispute.status) else {
        return Check::Mismatch(FindingKind::AmountDiffers, in_books);
    };
    if recorded.map(|recorded| (recorded.status, recorded.money)) != Some((status, &money)) {
        let (dispute_id, payment_intent) = (dispute.id.clone(), record.payment());
        let what = BookingFactKind::Disputed { dispute_id, status, money, payment_intent };
        return Check::MissingFact(Box::new(what), in_books);
    }
    match in_books == record.amount {
        true => Check::Matches,
        false => Check::Mismatch(FindingKind::AmountDiffers, in_books),
    }
}

impl StripeRecord {
    fn payment(&self) -> Option<PaymentIntentId> {
        self.payment_intent.as_deref().and_then(|id| PaymentIntentId::parse(id).ok())
    }

    /// The kind of finding if the ledger has nothing about this record.
    pub fn unknown_kind(&self) -> FindingKind {
        match self.movement {
            Movement::Transferred(_) | Movement::Reversed(_) => FindingKind::TransferUnknown,
            Movement::Captured(_) | Movement::Refunded | Movement::Disputed(_) => FindingKind::ChargeUnknown,
        }
    }
}
