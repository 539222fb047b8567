//! Whether the books explain what Stripe says of one place.

use std::cmp::Ordering;

use super::stripe_record::{Movement, StripeRecord};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{ChargeId, PaymentIntentId, TransferId};
use crate::domain::marketplace::booking::{
    Booking, BookingFactKind, DisputeStatus, newest_disputes, taken_out_amount,
};
use crate::providers::stripe::line::Dispute;
use crate::providers::stripe::transfer::Transfer;
use crate::store::marketplace::booking::BookingRow;
use crate::store::marketplace::reconciliation::{Books, FindingKind};

/// How the books stand to what Stripe says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// They say the same.
    Matches,
    /// It was never heard of; recorded, it should hold. With what the books have instead.
    MissingFact(Box<BookingFactKind>, i64),
    /// They differ, and nothing that is told mends it. With what the books have instead.
    Mismatch(FindingKind, i64),
}

/// Holds the word against what the books have of the booking it leads to.
pub(super) fn check(books: &Books, record: &StripeRecord) -> Check {
    match books {
        Books::Known(row) => check_row(row, record),
        Books::Unknown => Check::Mismatch(record.unknown(), 0),
        Books::Unreadable => Check::Mismatch(FindingKind::BooksUnreadable, 0),
    }
}

/// The same over a booking's row.
pub(super) fn check_row(row: &BookingRow, record: &StripeRecord) -> Check {
    let Some(booking) = row.booking() else { return Check::Mismatch(record.unknown(), 0) };
    let is_its = booking.terms.price.currency == record.currency;
    match &record.movement {
        Movement::Transferred(transfer) => transferred(row, &booking, transfer),
        Movement::Reversed(transfer) => reversed(row, &booking, transfer, record),
        _ if !is_of(row, &booking, record) => Check::Mismatch(FindingKind::ChargeUnknown, 0),
        // What is counted in another currency is an anomaly of the booking, and no amount in its books.
        _ if !is_its => Check::Mismatch(FindingKind::AmountDiffers, 0),
        Movement::Captured(charge) => captured(&booking, charge, record),
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
        Movement::Disputed(dispute) => disputed(row, &booking, dispute, record),
    }
}

/// Whether the payment is the booking's own; of a second one nothing is in the books. While none was
/// taken, the first that was is the booking's, as where its event comes.
fn is_of(row: &BookingRow, booking: &Booking, record: &StripeRecord) -> bool {
    let is_first = matches!(record.movement, Movement::Captured(_)) && booking.amounts.captured == 0;
    let own = own_payment(row, booking);
    let is_own = own.is_none_or(|own| Some(own.as_str()) == record.payment_intent.as_deref());
    is_own || (is_first && record.currency == booking.terms.price.currency)
}

fn own_payment<'a>(row: &'a BookingRow, booking: &'a Booking) -> Option<&'a PaymentIntentId> {
    booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref())
}

fn captured(booking: &Booking, charge: &str, record: &StripeRecord) -> Check {
    let recorded = booking.amounts.captured;
    match (recorded.cmp(&record.amount), record.payment()) {
        (Ordering::Equal, _) => Check::Matches,
        // The largest total counts, so that a smaller one would change nothing.
        (Ordering::Less, Some(payment_intent)) => {
            let charge = ChargeId::parse(charge).ok();
            let what = BookingFactKind::Captured { payment_intent, charge, money: record.money() };
            Check::MissingFact(Box::new(what), recorded)
        }
        _ => Check::Mismatch(FindingKind::AmountDiffers, recorded),
    }
}

/// What the books have of this very transfer.
fn settled_by<'a>(row: &'a BookingRow, id: &str) -> Option<&'a Money> {
    row.history.facts().find_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { transfer: Some(transfer), money, .. } if transfer.as_str() == id => {
            Some(money)
        }
        _ => None,
    })
}

/// Every transfer that the books have of a booking.
pub(super) fn transfers_of(row: &BookingRow) -> impl Iterator<Item = (&TransferId, &Money)> {
    row.history.facts().filter_map(|fact| match &fact.what {
        BookingFactKind::PaidOut { transfer: Some(transfer), money, .. } => Some((transfer, money)),
        _ => None,
    })
}

fn transferred(row: &BookingRow, booking: &Booking, transfer: &Transfer) -> Check {
    let first = booking.payout.as_ref().and_then(|payout| payout.transfer.as_ref());
    let Some(money) = settled_by(row, &transfer.id) else {
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

fn reversed(row: &BookingRow, booking: &Booking, transfer: &Transfer, record: &StripeRecord) -> Check {
    let own = &booking.terms.price.currency;
    let moved = settled_by(row, &transfer.id).filter(|money| money.currency == *own);
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

fn disputed(row: &BookingRow, booking: &Booking, dispute: &Dispute, record: &StripeRecord) -> Check {
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
    /// The payment, as facts have it.
    fn payment(&self) -> Option<PaymentIntentId> {
        self.payment_intent.as_deref().and_then(|id| PaymentIntentId::parse(id).ok())
    }

    /// What is found where the books have nothing.
    pub fn unknown(&self) -> FindingKind {
        match self.movement {
            Movement::Transferred(_) | Movement::Reversed(_) => FindingKind::TransferUnknown,
            Movement::Captured(_) | Movement::Refunded | Movement::Disputed(_) => FindingKind::ChargeUnknown,
        }
    }
}
