//! Whether the books explain what Stripe says of one place.

use std::cmp::Ordering;

use super::word::{Saying, Word, taken};
use crate::domain::booking::{Booking, DisputeStatus, MAX_PRICE, What};
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
            let what = || What::Refunded { money: word.money(), payment_intent: word.payment() };
            if heard == word.amount { Check::Holds } else { Check::Unheard(Box::new(what()), heard) }
        }
        Saying::Disputed(dispute) => disputed(row, &booking, dispute, word),
    }
}

/// Whether the payment is the booking's own; of a second one nothing is in the books. While none was
/// taken, the first that was is the booking's, as where its event comes.
fn is_of(row: &BookingRow, booking: &Booking, word: &Word) -> bool {
    let is_first = matches!(word.saying, Saying::Captured(_)) && booking.amounts.captured == 0;
    let own = own_payment(row, booking);
    let is_own = own.is_none_or(|own| Some(own.as_str()) == word.payment_intent.as_deref());
    is_own || (is_first && word.currency == booking.terms.price.currency)
}

fn own_payment<'a>(row: &'a BookingRow, booking: &'a Booking) -> Option<&'a PaymentIntentId> {
    booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref())
}

fn captured(booking: &Booking, charge: &str, word: &Word) -> Check {
    let heard = booking.amounts.captured;
    match (heard.cmp(&word.amount), word.payment()) {
        (Ordering::Equal, _) => Check::Holds,
        // The largest total counts, so that a smaller one would change nothing.
        (Ordering::Less, Some(payment_intent)) => {
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
    let known = newest_disputes(row, booking);
    let heard = known.iter().find(|heard| heard.id == dispute.id);
    let in_books = taken_out(&known, booking, &dispute.id);
    let Some(status) = DisputeStatus::parse(&dispute.status) else {
        return Check::Differs(FindingKind::AmountDiffers, in_books);
    };
    if heard.map(|heard| (heard.status, heard.money)) != Some((status, &money)) {
        let (dispute_id, payment_intent) = (dispute.id.clone(), word.payment());
        let what = What::Disputed { dispute_id, status, money, payment_intent };
        return Check::Unheard(Box::new(what), in_books);
    }
    match in_books == word.amount {
        true => Check::Holds,
        false => Check::Differs(FindingKind::AmountDiffers, in_books),
    }
}

/// A dispute in the newest word that the books have of it.
struct Heard<'a> {
    id: &'a str,
    status: DisputeStatus,
    money: &'a Money,
}

/// Every dispute that the books have of a booking, in the order in which they were first heard of.
fn newest_disputes<'a>(row: &'a BookingRow, booking: &'a Booking) -> Vec<Heard<'a>> {
    let own = own_payment(row, booking);
    let mut disputes: Vec<Heard<'_>> = Vec::new();
    for fact in row.history.facts().filter(|fact| fact.what.is_of(own)) {
        let What::Disputed { dispute_id, status, money, .. } = &fact.what else { continue };
        match disputes.iter_mut().find(|heard| heard.id == dispute_id) {
            Some(heard) => (heard.status, heard.money) = (*status, money),
            None => disputes.push(Heard { id: dispute_id, status: *status, money }),
        }
    }
    disputes
}

/// What the books take out of a booking for one of its disputes. All of them together take no more than
/// is in it; a bank may, and then the dispute that came last lacks it.
fn taken_out(disputes: &[Heard<'_>], booking: &Booking, id: &str) -> i64 {
    let is_counted = |money: &Money| {
        money.currency == booking.terms.price.currency && (0..=MAX_PRICE).contains(&money.amount)
    };
    let mut left = booking.amounts.lost + booking.amounts.contested;
    for heard in disputes.iter().filter(|heard| is_counted(heard.money)) {
        let taken = taken(heard.status, heard.money.amount).saturating_neg().min(left);
        if heard.id == id {
            return -taken;
        }
        left -= taken;
    }
    0
}

impl Word {
    /// The payment, as facts have it.
    fn payment(&self) -> Option<PaymentIntentId> {
        self.payment_intent.as_deref().and_then(|id| PaymentIntentId::parse(id).ok())
    }

    /// What is found where the books have nothing.
    pub fn unknown(&self) -> FindingKind {
        match self.saying {
            Saying::Transferred(_) | Saying::Reversed(_) => FindingKind::TransferUnknown,
            Saying::Captured(_) | Saying::Refunded | Saying::Disputed(_) => FindingKind::ChargeUnknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::booking::DisputeStatus::{Lost, NeedsResponse, Won};
    use crate::domain::booking::sample::{booking_id, disputed, done, refunded};
    use crate::domain::id::CompanyId;

    #[test]
    fn of_disputes_above_what_is_left_the_later_one_lacks_it_and_none_lacks_it_twice() {
        let mut row = BookingRow::unknown(CompanyId::parse("biz_1").unwrap(), booking_id(1));
        let later = |mut fact: crate::domain::booking::Fact| {
            let What::Disputed { dispute_id, .. } = &mut fact.what else { panic!("{fact:?}") };
            *dispute_id = "du_0".to_owned();
            fact
        };
        let mut heard = |fact| {
            row.history.add(fact);
            let booking = row.booking().unwrap();
            let disputes = newest_disputes(&row, &booking);
            let taken = ["du_1", "du_0"].map(|id| taken_out(&disputes, &booking, id));
            assert_eq!(-taken.iter().sum::<i64>(), booking.amounts.lost + booking.amounts.contested);
            taken
        };
        done().into_iter().for_each(|fact| assert_eq!(heard(fact), [0, 0]));
        assert_eq!(heard(disputed(50.0, NeedsResponse, 7_000)), [-7_000, 0]);
        assert_eq!(heard(later(disputed(51.0, NeedsResponse, 5_000))), [-7_000, -3_000]);
        assert_eq!(heard(later(disputed(52.0, Lost, 5_000))), [-7_000, -3_000]);
        assert_eq!(heard(refunded(53.0, 1_000)), [-7_000, -2_000]);
        assert_eq!(heard(disputed(54.0, Won, 7_000)), [0, -5_000]);
    }
}
