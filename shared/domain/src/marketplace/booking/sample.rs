//! Sample bookings for tests, and generators of arbitrary facts.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::kernel::id::CompanyId;
use crate::kernel::money::{Currency, Money};
use crate::kernel::party::{BookingId, CustomerId, ProfessionalId};

/// The time this many hours after a fixed Monday.
pub(crate) fn hour(hours: f64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_763_337_600, 0).unwrap() + Duration::milliseconds((hours * 3_600_000.0) as i64)
}

pub(crate) fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

pub(crate) fn booking_id(n: u32) -> BookingId {
    BookingId::derive(&CompanyId::parse("biz_1").unwrap(), &n.to_string())
}

pub(crate) fn professional(n: u32) -> ProfessionalId {
    ProfessionalId::parse(&format!("user_{n}")).unwrap()
}

pub(crate) fn batch(id: &str) -> BatchId {
    BatchId::parse(id).unwrap()
}

pub(crate) fn transfer(id: &str) -> TransferId {
    TransferId::parse(&format!("tr_{id}")).unwrap()
}

/// A hundred dollars with a fee of fifteen percent, starting after five days.
pub(crate) fn terms() -> Terms {
    Terms {
        professional_id: professional(1),
        customer_id: CustomerId::parse("user_c").unwrap(),
        price: usd(10_000),
        fee: FeeBasisPoints::new(1500).unwrap(),
        scheduled_start: hour(120.0),
    }
}

pub(crate) fn fact(hours: f64, what: BookingFactKind) -> BookingFact {
    BookingFact { at: hour(hours), what, source: "evt_1".into() }
}

pub(crate) fn requested() -> BookingFact {
    fact(0.0, BookingFactKind::Requested(terms()))
}

pub(crate) fn authorized(hours: f64, capture_before: Option<f64>) -> BookingFact {
    let payment_intent = PaymentIntentId::parse("pi_1").unwrap();
    let (charge, capture_before) = (ChargeId::parse("ch_1").ok(), capture_before.map(hour));
    fact(hours, BookingFactKind::Authorized { payment_intent, charge, money: usd(10_000), capture_before })
}

pub(crate) fn captured(hours: f64, amount: i64) -> BookingFact {
    let payment_intent = PaymentIntentId::parse("pi_1").unwrap();
    fact(
        hours,
        BookingFactKind::Captured {
            payment_intent,
            charge: ChargeId::parse("ch_1").ok(),
            money: usd(amount),
        },
    )
}

pub(crate) fn refunded(hours: f64, amount: i64) -> BookingFact {
    fact(hours, BookingFactKind::Refunded { money: usd(amount), payment_intent: None })
}

pub(crate) fn disputed(hours: f64, status: DisputeStatus, amount: i64) -> BookingFact {
    let (dispute_id, money) = ("du_1".into(), usd(amount));
    fact(hours, BookingFactKind::Disputed { dispute_id, status, money, payment_intent: None })
}

pub(crate) fn paid_out(hours: f64, id: &str, amount: i64, carried_amount: i64) -> BookingFact {
    let batch = batch("payout-2025-11-18-tue");
    fact(
        hours,
        BookingFactKind::PaidOut { batch, transfer: Some(transfer(id)), money: usd(amount), carried_amount },
    )
}

pub(crate) fn reversed(hours: f64, id: &str, amount: i64) -> BookingFact {
    fact(hours, BookingFactKind::TransferReversed { transfer: transfer(id), money: usd(amount) })
}

/// The facts of a booking of a hundred dollars that was completed after two days.
pub(crate) fn done() -> Vec<BookingFact> {
    vec![
        requested(),
        authorized(0.1, None),
        fact(1.0, BookingFactKind::Accepted),
        captured(1.1, 10_000),
        fact(48.0, BookingFactKind::Completed),
    ]
}

pub(crate) fn history(facts: &[BookingFact]) -> History {
    let mut history = History::default();
    for fact in facts {
        history.add(fact.clone());
    }
    history
}

pub(crate) fn booking(facts: &[BookingFact]) -> Booking {
    history(facts).booking().unwrap()
}

/// Realistic, unlikely and absurd amounts.
fn any_money() -> impl Strategy<Value = Money> {
    let amount = prop_oneof![
        8 => 0i64..12_000,
        1 => select(vec![-1, -10_000, MAX_PRICE, MAX_PRICE + 1, i64::MAX, i64::MIN]),
    ];
    let currency = prop_oneof![9 => Just("usd"), 1 => Just("cop")];
    (amount, currency).prop_map(|(amount, code)| Money { amount, currency: Currency::parse(code).unwrap() })
}

fn any_status() -> impl Strategy<Value = DisputeStatus> {
    use super::DisputeStatus::{Lost, NeedsResponse, UnderReview, WarningClosed, WarningNeedsResponse, Won};
    select(vec![WarningNeedsResponse, WarningClosed, NeedsResponse, UnderReview, Won, Lost])
}

/// An arbitrary fact, possibly inconsistent with the others.
pub(crate) fn any_fact() -> impl Strategy<Value = BookingFact> {
    use super::CancelledBy::{Customer, Owner, Professional};
    use super::DeclinedReason::{HoldExpired, ProfessionalNoResponse};
    use super::ReleaseReason::{Abandoned, Automatic, Other, RequestedByCustomer};
    // Mostly of one payment, sometimes of a second one that names the booking too.
    let pi =
        || select(vec!["pi_1", "pi_1", "pi_1", "pi_2"]).prop_map(|id| PaymentIntentId::parse(id).unwrap());
    let of = || proptest::option::of(pi());
    let charge = || ChargeId::parse("ch_1").ok();
    let id = || select(vec!["a", "b"]);
    let what = prop_oneof![
        1 => Just(BookingFactKind::Requested(terms())),
        2 => (pi(), any_money()).prop_map(move |(payment_intent, money)| BookingFactKind::Authorized {
            payment_intent, charge: charge(), money, capture_before: Some(hour(100.0)) }),
        3 => Just(BookingFactKind::Accepted),
        3 => (pi(), any_money()).prop_map(move |(payment_intent, money)| BookingFactKind::Captured {
            payment_intent, charge: charge(), money }),
        1 => Just(BookingFactKind::Declined),
        2 => select(vec![ProfessionalNoResponse, HoldExpired]).prop_map(|reason| BookingFactKind::AutoDeclined { reason }),
        2 => (select(vec![Abandoned, RequestedByCustomer, Automatic, Other]), of())
            .prop_map(|(reason, payment_intent)| BookingFactKind::Released { reason, payment_intent }),
        3 => Just(BookingFactKind::Completed),
        1 => select(vec![Customer, Professional, Owner]).prop_map(|by| BookingFactKind::Cancelled { by }),
        2 => (any_money(), of()).prop_map(|(money, payment_intent)| BookingFactKind::Refunded { money, payment_intent }),
        2 => (any_status(), any_money(), select(vec!["du_1", "du_2"]), of()).prop_map(
            |(status, money, id, payment_intent)|
            BookingFactKind::Disputed { dispute_id: id.into(), status, money, payment_intent }),
        2 => (id(), any_money(), 0i64..3_000).prop_map(|(id, money, carried_amount)| BookingFactKind::PaidOut {
            batch: batch("payout-2025-11-18-tue"), transfer: Some(transfer(id)), money, carried_amount }),
        1 => (0i64..3_000).prop_map(|carried_amount| BookingFactKind::PaidOut {
            batch: batch("payout-2025-11-21-fri"), transfer: None, money: usd(0), carried_amount }),
        2 => (id(), any_money()).prop_map(|(id, money)| BookingFactKind::TransferReversed { transfer: transfer(id), money }),
        2 => (select(Step::ALL.to_vec()), 1u32..3).prop_map(|(step, version)| BookingFactKind::StepRefused {
            step, version, reason: "card_declined".into() }),
        1 => (select(Step::ALL.to_vec()), 1u32..3, select(vec![RefusalDecision::Retry, RefusalDecision::Close]))
            .prop_map(|(step, version, decision)| BookingFactKind::RefusalResolved { step, version, decision }),
    ];
    // Few distinct times, so that many facts share one.
    (0..40u8, what, select(vec!["evt_1", "evt_2"])).prop_map(|(hours, what, source)| BookingFact {
        at: hour(f64::from(hours) * 3.0),
        what,
        source: source.into(),
    })
}
