//! Whether the books explain what Stripe says of one place.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::word::{Saying, Word, taken};
use crate::domain::booking::{Anomaly, Booking, DisputeStatus, What};
use crate::domain::money::Money;
use crate::domain::party::{ChargeId, PaymentIntentId, TransferId};
use crate::providers::stripe::line::Dispute;
use crate::providers::stripe::transfer::Transfer;
use crate::store::booking::BookingRow;
use crate::store::reconciliation::{Books, FindingKind};

/// How the books stand to what Stripe says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Check {
    /// They say the same.
    Holds,
    /// It was never heard of; recorded, it should hold. With what the books have instead.
    Unheard(Box<What>, i64),
    /// They differ, and nothing that is told mends it. With what the books have instead.
    Differs(FindingKind, i64),
}

/// Holds the word against what the books have of the booking it leads to.
pub(super) fn check(books: &Books, word: &Word) -> Check {
    match books {
        Books::Known(row) => check_row(row, word),
        Books::Unknown => Check::Differs(word.unknown(), 0),
        Books::Unreadable => Check::Differs(FindingKind::BooksUnreadable, 0),
    }
}

/// The same over a booking's row.
pub(super) fn check_row(row: &BookingRow, word: &Word) -> Check {
    let Some(booking) = row.booking() else { return Check::Differs(word.unknown(), 0) };
    let is_its = booking.terms.price.currency == word.currency;
    match &word.saying {
        Saying::Transferred(transfer) => transferred(row, &booking, transfer),
        Saying::Reversed(transfer) => reversed(row, &booking, transfer, word),
        _ if !is_of(row, &booking, word) => Check::Differs(FindingKind::ChargeUnknown, 0),
        // What is counted in another currency is an anomaly of the booking, and no amount in its books.
        _ if !is_its => Check::Differs(FindingKind::AmountDiffers, 0),
        Saying::Captured(charge) => captured(&booking, charge, word),
        Saying::Refunded => {
            let heard = -booking.amounts.refunded;
            let unheard = || Check::Unheard(Box::new(What::Refunded { money: word.money() }), heard);
            if heard == word.amount { Check::Holds } else { unheard() }
        }
        Saying::Disputed(dispute) => disputed(row, &booking, dispute, word),
    }
}

/// Whether the payment is the booking's own; of a second one nothing is in the books.
fn is_of(row: &BookingRow, booking: &Booking, word: &Word) -> bool {
    let own = booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref());
    own.is_none_or(|own| Some(own.as_str()) == word.payment_intent.as_deref())
}

fn captured(booking: &Booking, charge: &str, word: &Word) -> Check {
    let heard = booking.amounts.captured;
    let payment_intent = word.payment_intent.as_deref().map(PaymentIntentId::parse);
    match (heard.cmp(&word.amount), payment_intent) {
        (Ordering::Equal, _) => Check::Holds,
        // The largest total counts, so that a smaller one would change nothing.
        (Ordering::Less, Some(Ok(payment_intent))) => {
            let charge = ChargeId::parse(charge).ok();
            let what = What::Captured { payment_intent, charge, money: word.money() };
            Check::Unheard(Box::new(what), heard)
        }
        _ => Check::Differs(FindingKind::AmountDiffers, heard),
    }
}

/// What the books have of this very transfer.
fn settled_by<'a>(row: &'a BookingRow, id: &str) -> Option<&'a Money> {
    row.history.facts().find_map(|fact| match &fact.what {
        What::PaidOut { transfer: Some(transfer), money, .. } if transfer.as_str() == id => Some(money),
        _ => None,
    })
}

/// Every transfer that the books have of a booking.
pub(super) fn transfers_of(row: &BookingRow) -> impl Iterator<Item = (&TransferId, &Money)> {
    row.history.facts().filter_map(|fact| match &fact.what {
        What::PaidOut { transfer: Some(transfer), money, .. } => Some((transfer, money)),
        _ => None,
    })
}

fn transferred(row: &BookingRow, booking: &Booking, transfer: &Transfer) -> Check {
    let first = booking.payout.as_ref().and_then(|payout| payout.transfer.as_ref());
    let Some(money) = settled_by(row, &transfer.id) else {
        let kind = if first.is_some() { FindingKind::SecondTransfer } else { FindingKind::TransferUnknown };
        return Check::Differs(kind, 0);
    };
    let counted = if money.currency == booking.terms.price.currency { -money.amount } else { 0 };
    if (money.amount, &money.currency) != (transfer.amount, &transfer.currency) {
        return Check::Differs(FindingKind::AmountDiffers, counted);
    }
    match first {
        Some(first) if first.as_str() == transfer.id && counted == -transfer.amount => Check::Holds,
        Some(first) if first.as_str() == transfer.id => Check::Differs(FindingKind::AmountDiffers, counted),
        _ => Check::Differs(FindingKind::SecondTransfer, counted),
    }
}

fn reversed(row: &BookingRow, booking: &Booking, transfer: &Transfer, word: &Word) -> Check {
    let own = &booking.terms.price.currency;
    let moved = settled_by(row, &transfer.id).filter(|money| money.currency == *own);
    let (Some(moved), Ok(id)) = (moved, TransferId::parse(&transfer.id)) else {
        return Check::Differs(FindingKind::TransferUnknown, 0);
    };
    let heard = row.history.facts().filter_map(|fact| match &fact.what {
        What::TransferReversed { transfer, money } if *transfer == id && money.currency == *own => {
            Some(money.amount.min(moved.amount))
        }
        _ => None,
    });
    let heard = heard.max().unwrap_or_default();
    match heard.cmp(&word.amount) {
        Ordering::Equal => Check::Holds,
        Ordering::Less => {
            Check::Unheard(Box::new(What::TransferReversed { transfer: id, money: word.money() }), heard)
        }
        Ordering::Greater => Check::Differs(FindingKind::AmountDiffers, heard),
    }
}

fn disputed(row: &BookingRow, booking: &Booking, dispute: &Dispute, word: &Word) -> Check {
    let money = Money { amount: dispute.amount, currency: dispute.currency.clone() };
    let known = newest_disputes(row);
    let heard = known.get(dispute.id.as_str());
    let in_books = heard.map_or(0, |(status, money)| taken(*status, money.amount));
    let Some(status) = DisputeStatus::parse(&dispute.status) else {
        return Check::Differs(FindingKind::AmountDiffers, in_books);
    };
    if heard != Some(&(status, &money)) {
        let what = What::Disputed { dispute_id: dispute.id.clone(), status, money };
        return Check::Unheard(Box::new(what), in_books);
    }
    if !booking.anomalies.contains(&Anomaly::DisputedAboveRemaining) {
        return Check::Holds;
    }
    // The books take out of a booking no more than is in it; a bank may.
    let told: i64 = known.values().map(|(status, money)| taken(*status, money.amount)).sum();
    let capped = -(booking.amounts.lost + booking.amounts.contested);
    match told - capped {
        0 => Check::Holds,
        beyond => Check::Differs(FindingKind::AmountDiffers, word.amount - beyond),
    }
}

fn newest_disputes(row: &BookingRow) -> BTreeMap<&str, (DisputeStatus, &Money)> {
    let disputes = row.history.facts().filter_map(|fact| match &fact.what {
        What::Disputed { dispute_id, status, money } => Some((dispute_id.as_str(), (*status, money))),
        _ => None,
    });
    disputes.collect()
}

impl Word {
    /// What is found where the books have nothing.
    pub fn unknown(&self) -> FindingKind {
        match self.saying {
            Saying::Transferred(_) | Saying::Reversed(_) => FindingKind::TransferUnknown,
            Saying::Captured(_) | Saying::Refunded | Saying::Disputed(_) => FindingKind::ChargeUnknown,
        }
    }
}
