//! The disputes in a booking's history, each with the amount it withdraws.

use super::{Booking, BookingFactKind, DisputeStatus, History, MAX_PRICE};
use crate::kernel::money::Money;
use crate::kernel::party::PaymentIntentId;

/// A dispute with its newest recorded status.
pub struct RecordedDispute<'a> {
    pub id: &'a str,
    pub status: DisputeStatus,
    pub money: &'a Money,
}

/// Every dispute in a booking's history, in the order of their first facts.
pub fn newest_disputes<'a>(history: &'a History, own: Option<&PaymentIntentId>) -> Vec<RecordedDispute<'a>> {
    let mut disputes: Vec<RecordedDispute<'_>> = Vec::new();
    for fact in history.facts().filter(|fact| fact.what.is_of(own)) {
        let BookingFactKind::Disputed { dispute_id, status, money, .. } = &fact.what else { continue };
        match disputes.iter_mut().find(|recorded| recorded.id == dispute_id) {
            Some(recorded) => (recorded.status, recorded.money) = (*status, money),
            None => disputes.push(RecordedDispute { id: dispute_id, status: *status, money }),
        }
    }
    disputes
}

/// The amount that one dispute withdraws from a booking in the ledger, zero or negative. All disputes together
/// withdraw at most what is left; a bank may withdraw more, and then the latest dispute is recorded with less.
pub fn taken_out_amount(disputes: &[RecordedDispute<'_>], booking: &Booking, id: &str) -> i64 {
    let is_counted = |money: &Money| {
        money.currency == booking.terms.price.currency && (0..=MAX_PRICE).contains(&money.amount)
    };
    let mut left = booking.amounts.lost + booking.amounts.contested;
    for recorded in disputes.iter().filter(|recorded| is_counted(recorded.money)) {
        let taken = recorded.status.amount_at_bank(recorded.money.amount).min(left);
        if recorded.id == id {
            return -taken;
        }
        left -= taken;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::marketplace::booking::BookingFact;
    use crate::marketplace::booking::DisputeStatus::{Lost, NeedsResponse, Won};
    use crate::marketplace::booking::sample::{disputed, done, refunded};

    #[test]
    fn disputes_above_the_rest_reduce_the_latest_one_once() {
        let mut history = History::default();
        let later = |mut fact: BookingFact| {
            let BookingFactKind::Disputed { dispute_id, .. } = &mut fact.what else { panic!("{fact:?}") };
            *dispute_id = "du_0".to_owned();
            fact
        };
        let mut recorded = |fact| {
            history.add(fact);
            let booking = history.booking().unwrap();
            let disputes = newest_disputes(&history, booking.payment_intent.as_ref());
            let taken = ["du_1", "du_0"].map(|id| taken_out_amount(&disputes, &booking, id));
            assert_eq!(-taken.iter().sum::<i64>(), booking.amounts.lost + booking.amounts.contested);
            taken
        };
        done().into_iter().for_each(|fact| assert_eq!(recorded(fact), [0, 0]));
        assert_eq!(recorded(disputed(50.0, NeedsResponse, 7_000)), [-7_000, 0]);
        assert_eq!(recorded(later(disputed(51.0, NeedsResponse, 5_000))), [-7_000, -3_000]);
        assert_eq!(recorded(later(disputed(52.0, Lost, 5_000))), [-7_000, -3_000]);
        assert_eq!(recorded(refunded(53.0, 1_000)), [-7_000, -2_000]);
        assert_eq!(recorded(disputed(54.0, Won, 7_000)), [0, -5_000]);
    }
}
