//! Determines the booking's own payment if there are several.
//!
//! A booking is paid by one payment. A second payment may name it too: one made in Stripe's dashboard, or one
//! created by a retry whose first attempt had succeeded without our knowledge. Its facts are stored with the
//! booking, but neither change the booking nor count in the ledger; the reconciliation reports its money.

use std::collections::BTreeSet;

use super::fact::{BookingFact, BookingFactKind, Kind};
use super::terms::{MAX_PRICE, Terms};
use crate::kernel::money::Money;
use crate::kernel::party::PaymentIntentId;

/// The booking's own payment: the first that was captured; or else the first that is still authorized; or else
/// the one that we created; or else the first that was authorized. `None` if none is known: then all facts
/// belong to the booking.
pub(super) fn own_payment<'a>(
    terms: &Terms,
    facts: &'a BTreeSet<BookingFact>,
    opened: Option<&'a PaymentIntentId>,
) -> Option<&'a PaymentIntentId> {
    let captured = facts.iter().find_map(|fact| match &fact.what {
        BookingFactKind::Captured { payment_intent, money, .. } if is_countable(terms, money) => {
            Some(payment_intent)
        }
        _ => None,
    });
    let is_released = |payment: &PaymentIntentId| {
        let of = |fact: &BookingFact| {
            fact.what.kind() == Kind::Released && fact.what.payment_intent() == Some(payment)
        };
        facts.iter().any(of)
    };
    let mut named = facts.iter().filter_map(|fact| fact.what.paid_by());
    let authorized = || named.clone().find(|payment| !is_released(payment));
    captured.or_else(authorized).or(opened).or_else(|| named.next())
}

/// Whether the amount is in the booking's currency and within the limits.
fn is_countable(terms: &Terms, money: &Money) -> bool {
    money.currency == terms.price.currency && (1..=MAX_PRICE).contains(&money.amount)
}

impl BookingFactKind {
    /// The payment of the fact; `None` if it names none.
    pub fn payment_intent(&self) -> Option<&PaymentIntentId> {
        match self {
            Self::Authorized { payment_intent, .. } | Self::Captured { payment_intent, .. } => {
                Some(payment_intent)
            }
            Self::Released { payment_intent, .. }
            | Self::Refunded { payment_intent, .. }
            | Self::Disputed { payment_intent, .. } => payment_intent.as_ref(),
            _ => None,
        }
    }

    /// Whether the fact belongs to the booking with this own payment; only facts of another payment do not.
    pub fn is_of(&self, own: Option<&PaymentIntentId>) -> bool {
        self.payment_intent().is_none_or(|of| own.is_none_or(|own| of == own))
    }

    /// The payment of an authorization or a capture.
    fn paid_by(&self) -> Option<&PaymentIntentId> {
        match self {
            Self::Authorized { payment_intent, .. } | Self::Captured { payment_intent, .. } => {
                Some(payment_intent)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{authorized, booking, captured, done, fact, history, requested, usd};
    use super::super::{Anomaly, BookingStatus, DisputeStatus, ReleaseReason};
    use super::*;
    use crate::kernel::money::Currency;

    fn payment(id: &str) -> PaymentIntentId {
        PaymentIntentId::parse(id).unwrap()
    }

    fn of_second(mut fact: BookingFact) -> BookingFact {
        if let BookingFactKind::Authorized { payment_intent, .. }
        | BookingFactKind::Captured { payment_intent, .. } = &mut fact.what
        {
            *payment_intent = payment("pi_2");
        }
        fact
    }

    fn released(hours: f64, id: &str) -> BookingFact {
        let (reason, payment_intent) = (ReleaseReason::Automatic, Some(payment(id)));
        fact(hours, BookingFactKind::Released { reason, payment_intent })
    }

    #[test]
    fn what_happens_to_another_payment_counts_nothing_and_ends_nothing() {
        let second = || Some(payment("pi_2"));
        let (dispute_id, status, money) = ("du_1".to_owned(), DisputeStatus::Lost, usd(12_000));
        let others = vec![
            of_second(authorized(0.2, None)),
            of_second(captured(1.2, 12_000)),
            fact(50.0, BookingFactKind::Refunded { money: usd(12_000), payment_intent: second() }),
            fact(51.0, BookingFactKind::Disputed { dispute_id, status, money, payment_intent: second() }),
            released(52.0, "pi_2"),
        ];
        let mut expected = booking(&done());
        expected.anomalies.insert(Anomaly::SecondPayment);
        assert_eq!(booking(&[done(), others].concat()), expected);
    }

    #[test]
    fn the_payment_that_was_taken_is_the_bookings_whichever_was_held_first() {
        let facts =
            [requested(), authorized(0.1, None), of_second(captured(5.0, 10_000)), released(168.0, "pi_1")];
        let booking = booking(&facts);
        assert_eq!((booking.status, booking.amounts.captured), (BookingStatus::Accepted, 10_000));
        assert_eq!((booking.payment_intent, booking.released_at), (Some(payment("pi_2")), None));
        assert_eq!(booking.anomalies.len(), 0);
    }

    #[test]
    fn money_in_another_currency_makes_no_payment_the_bookings() {
        let mut other_currency = of_second(captured(0.5, 10_000));
        let BookingFactKind::Captured { money, .. } = &mut other_currency.what else {
            panic!("{other_currency:?}")
        };
        money.currency = Currency::parse("cop").unwrap();
        let booking = booking(&[done(), vec![other_currency]].concat());
        assert_eq!((booking.payment_intent, booking.amounts.captured), (Some(payment("pi_1")), 10_000));
        assert_eq!(booking.anomalies.into_iter().collect::<Vec<_>>(), [Anomaly::SecondPayment]);
    }

    #[test]
    fn only_a_void_of_its_own_payment_ends_a_booking() {
        let let_go = history(&[requested(), of_second(authorized(0.1, None)), released(1.0, "pi_2")]);
        let stage = |opened: &str| let_go.booking_with(Some(&payment(opened))).unwrap().stage;
        assert_eq!((stage("pi_1"), stage("pi_2")), (BookingStatus::Requested, BookingStatus::Declined));
        assert_eq!(let_go.booking().unwrap().stage, BookingStatus::Declined, "no other is known");
        let again = [requested(), authorized(0.1, None), released(1.0, "pi_1")];
        let mut again = history(&again);
        again.add(of_second(authorized(2.0, None)));
        assert_eq!(again.booking_with(Some(&payment("pi_1"))).unwrap().stage, BookingStatus::Authorized);
    }
}
