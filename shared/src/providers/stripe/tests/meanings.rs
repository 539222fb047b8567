use serde_json::{Value, json};

use super::fixtures::{
    BOOKING, COMPANY, CREATED, account, charge, connected, dispute, event, intent, payout, refund, transfer,
};
use super::*;
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::{BookingId, ChargeId, PaymentIntentId, StripeAccountId, TransferId};
use crate::domain::marketplace::booking::BookingFactKind;
use crate::domain::platform::event::{Event, IgnoreReason, Meaning, Part};

fn read_of(body: &Value) -> Event {
    read(&verified(body.to_string().as_bytes())).unwrap()
}

fn meaning(name: &str, object: Value) -> Meaning {
    read_of(&event(name, object)).meaning
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

fn pi() -> PaymentIntentId {
    PaymentIntentId::parse("pi_3RfKq2").unwrap()
}

/// The change of the payment of the booking that the object names.
fn happened(name: &str, object: Value) -> BookingFactKind {
    let read = read_of(&event(name, object));
    assert_eq!(read.company_id.as_ref().map(|id| id.as_str()), Some(COMPANY));
    assert_eq!(read.occurred_at.timestamp(), CREATED);
    match read.meaning {
        Meaning::Booking { booking_id, payment_intent, what } => {
            assert_eq!(booking_id, BookingId::parse(BOOKING).ok());
            assert!(payment_intent.is_none_or(|id| id == pi()));
            what
        }
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_payment_is_authorized_captured_and_voided() {
    let charge_id = || ChargeId::parse("ch_3RfKq2").ok();
    let held = |capture_before| BookingFactKind::Authorized {
        payment_intent: pi(),
        charge: charge_id(),
        money: usd(10_000),
        capture_before,
    };
    let capturable = "payment_intent.amount_capturable_updated";
    assert_eq!(happened(capturable, intent("requires_capture")), held(None));
    let lapses_at = DateTime::from_timestamp(1_785_314_800, 0);
    assert_eq!(happened("charge.succeeded", charge(false)), held(lapses_at));
    let taken = BookingFactKind::Captured { payment_intent: pi(), charge: charge_id(), money: usd(10_000) };
    assert_eq!(happened("payment_intent.succeeded", intent("succeeded")), taken);
}

#[test]
fn what_repeats_another_event_or_moves_no_money_means_nothing() {
    for (name, object) in [
        ("payment_intent.amount_capturable_updated", intent("succeeded")),
        ("charge.succeeded", charge(true)),
        ("charge.captured", charge(true)),
        ("charge.expired", charge(false)),
        ("charge.refunded", with(charge(false), "amount_refunded", json!(10_000))),
        ("charge.refund.updated", refund("succeeded")),
        ("refund.updated", refund("pending")),
        ("refund.created", refund("succeeded")),
        ("refund.updated", with(refund("failed"), "payment_intent", Value::Null)),
        ("transfer.created", transfer(0)),
        ("transfer.updated", transfer(0)),
        ("payment_intent.created", intent("requires_payment_method")),
        ("account.updated", account("active")),
        ("payout.failed", payout()),
        ("charge.refunded", with(charge(true), "payment_intent", Value::Null)),
        ("charge.dispute.created", with(dispute("needs_response"), "payment_intent", Value::Null)),
        ("customer.created", json!({"id": "cus_1", "email": "canary@example.com"})),
    ] {
        assert_eq!(meaning(name, object), Meaning::Nothing, "{name}");
    }
}

#[test]
fn a_name_that_stripe_does_not_publish_is_ignored_as_unknown() {
    for name in ["payment_intent.reopened", "charge.dispute.appealed", "transfer", "something.new", "unnamed"]
    {
        let unknown = Meaning::Ignored { reason: IgnoreReason::UnknownName };
        assert_eq!(meaning(name, intent("succeeded")), unknown, "{name}");
    }
}

#[test]
fn a_refund_is_the_refunded_total_of_a_captured_charge() {
    let refunded = |amount| BookingFactKind::Refunded { money: usd(amount), payment_intent: Some(pi()) };
    let back = |amount: i64| with(charge(true), "amount_refunded", json!(amount));
    assert_eq!(happened("charge.refunded", back(2_500)), refunded(2_500));
    // Larger than the charge: stored as Stripe reports it and shown as an anomaly by the booking.
    assert_eq!(happened("charge.refunded", back(10_001)), refunded(10_001));
    let partly_taken = |refunded: i64| with(back(refunded), "amount_captured", json!(6_000));
    assert_eq!(happened("charge.refunded", partly_taken(4_000)), refunded(0));
    assert_eq!(happened("charge.refunded", partly_taken(5_000)), refunded(1_000));
}

#[test]
fn a_reversed_transfer_is_reported_with_its_total() {
    for name in ["transfer.reversed", "transfer.updated"] {
        let what = BookingFactKind::TransferReversed {
            transfer: TransferId::parse("tr_3RfKq2").unwrap(),
            money: usd(500),
        };
        assert_eq!(happened(name, transfer(500)), what);
    }
}

#[test]
fn an_incomplete_owner_is_no_owner() {
    for metadata in [
        json!({"booking_id": BOOKING}),
        json!({"company_id": COMPANY, "booking_id": "booking_1"}),
        json!({"company_id": "1", "booking_id": BOOKING}),
        json!({"company_id": COMPANY, "booking_id": 7}),
        json!([]),
        Value::Null,
    ] {
        let read =
            read_of(&event("payment_intent.succeeded", with(intent("succeeded"), "metadata", metadata)));
        assert_eq!(read.company_id, None);
        assert!(matches!(read.meaning, Meaning::Booking { booking_id: None, .. }));
    }
}

#[test]
fn an_event_of_a_connected_account_never_concerns_a_booking() {
    let connected_meaning =
        |name: &str, account: &str, object: Value| read_of(&connected(name, account, object)).meaning;
    let Meaning::Account(status) = connected_meaning("account.updated", "acct_1RfKq2", account("active"))
    else {
        panic!("no status");
    };
    assert!(status.charges_enabled && status.payouts_enabled, "it receives transfers");
    assert_eq!(status.currency, Currency::parse("cop").ok());
    let Meaning::Account(gone) =
        connected_meaning("account.application.deauthorized", "acct_1RfKq2", json!({}))
    else {
        panic!("no status");
    };
    assert!(!gone.charges_enabled && !gone.payouts_enabled);
    let Meaning::PayoutFailed { account: whose, money } =
        connected_meaning("payout.failed", "acct_1RfKq2", payout())
    else {
        panic!("no failed payout");
    };
    assert_eq!((whose.as_str(), money.amount, money.currency.as_str()), ("acct_1RfKq2", 14_000_000, "cop"));
    // The owner can write anything into the metadata of the account's own payments.
    for (name, object) in [
        ("payment_intent.succeeded", intent("succeeded")),
        ("charge.refunded", charge(true)),
        ("transfer.reversed", transfer(100)),
        ("refund.failed", refund("failed")),
        ("charge.dispute.closed", dispute("won")),
    ] {
        let read = read_of(&connected(name, "acct_1RfKq2", object));
        let ignored = Meaning::Ignored { reason: IgnoreReason::OtherAccount };
        assert_eq!((read.company_id, read.meaning), (None, ignored), "{name}");
    }
    let others = connected_meaning("account.updated", "acct_2", account("active"));
    let account = StripeAccountId::parse("acct_2").unwrap();
    assert_eq!(others, Meaning::UnreadableAccount { account, part: Part::Account });
}

#[test]
fn money_that_cannot_be_read_is_neither_guessed_nor_nothing() {
    let beyond: Value = serde_json::from_str("9223372036854775808").unwrap();
    for amount in [beyond, json!(-1), json!(100.5), json!(1e3), json!("100"), json!(null), json!({})] {
        let unreadable = Meaning::Unreadable { part: Part::Amount };
        let taken = with(intent("succeeded"), "amount_received", amount.clone());
        assert_eq!(meaning("payment_intent.succeeded", taken), unreadable, "{amount}");
        let back = with(charge(true), "amount_refunded", amount.clone());
        assert_eq!(meaning("charge.refunded", back), unreadable, "{amount}");
        let came_back = with(transfer(1), "amount_reversed", amount.clone());
        assert_eq!(meaning("transfer.reversed", came_back), unreadable, "{amount}");
        let bounced = connected("payout.failed", "acct_1", with(payout(), "amount", amount));
        let account = StripeAccountId::parse("acct_1").unwrap();
        let of_account = Meaning::UnreadableAccount { account, part: Part::Amount };
        assert_eq!(read_of(&bounced).meaning, of_account);
    }
    for currency in [json!("xxx"), json!("us"), json!("usdt"), json!(7), json!(null)] {
        let disputed = with(dispute("lost"), "currency", currency);
        let of_whom = Meaning::UnreadablePayment { payment_intent: pi(), part: Part::Currency };
        assert_eq!(
            meaning("charge.dispute.closed", disputed),
            of_whom,
            "a dispute does not name its booking"
        );
    }
    let parts = [
        (with(charge(false), "captured", json!("no")), Part::Flag),
        (with(charge(false), "payment_intent", json!("pi 1")), Part::Id),
        (with(charge(false), "id", json!(7)), Part::Id),
        (
            with(charge(false), "payment_method_details", json!({"card": {"capture_before": "soon"}})),
            Part::Time,
        ),
    ];
    for (object, part) in parts {
        assert_eq!(meaning("charge.succeeded", object), Meaning::Unreadable { part });
    }
}

#[test]
fn what_does_not_name_its_booking_is_ours_only_if_the_payment_is() {
    let foreign = |object: Value| with(object, "metadata", json!({"order": "7"}));
    let unreadable = |part| Meaning::UnreadablePayment { payment_intent: pi(), part };
    let unreadable_object = with(foreign(intent("succeeded")), "currency", json!("xxx"));
    assert_eq!(meaning("payment_intent.succeeded", unreadable_object), unreadable(Part::Currency));
    let unreadable_object = with(foreign(charge(true)), "amount_refunded", json!(-1));
    assert_eq!(meaning("charge.refunded", unreadable_object), unreadable(Part::Amount));
    let not_ours = Meaning::Ignored { reason: IgnoreReason::NotOurs };
    for id in [Value::Null, json!(7), json!("pi 1")] {
        let nameless = with(foreign(intent("succeeded")), "id", id.clone());
        assert_eq!(meaning("payment_intent.succeeded", nameless), not_ours, "{id}");
        let ours = with(intent("succeeded"), "id", id);
        assert_eq!(meaning("payment_intent.succeeded", ours), Meaning::Unreadable { part: Part::Id });
    }
    assert_eq!(meaning("transfer.reversed", foreign(transfer(100))), not_ours);
    let no_object = json!({"id": "evt_1", "type": "payment_intent.succeeded", "livemode": true});
    assert_eq!(read_of(&no_object).meaning, not_ours);
}

#[test]
fn nothing_counts_while_our_own_mode_is_unknown() {
    let of_unknown_mode =
        |body: Value| crate::providers::stripe::read(&verified(body.to_string().as_bytes()), None);
    let unknown = Meaning::Unreadable { part: Part::Mode };
    let taken = event("payment_intent.succeeded", intent("succeeded"));
    assert_eq!(of_unknown_mode(taken).unwrap().meaning, unknown);
    let bounced = connected("payout.failed", "acct_1RfKq2", payout());
    assert_eq!(of_unknown_mode(bounced).unwrap().meaning, unknown);
    let other = event("customer.created", json!({"id": "cus_1"}));
    assert_eq!(of_unknown_mode(other).unwrap().meaning, Meaning::Nothing);
}

#[test]
fn what_was_kept_unread_may_be_read_again() {
    let body = event("payment_intent.succeeded", intent("succeeded")).to_string();
    let kept = Event {
        meaning: Meaning::Unreadable { part: Part::Amount },
        ..read_of(&json!({
            "id": "evt_3RfKq2LkdIwHu7ix0a1b2c3d", "type": "payment_intent.succeeded", "created": CREATED,
            "livemode": true,
        }))
    };
    let again = |mode| read_again(&kept, body.as_bytes(), Some(mode)).unwrap();
    assert_eq!(again(Mode::Live), read(&verified(body.as_bytes())).unwrap());
    assert_eq!(again(Mode::Test).meaning, Meaning::Ignored { reason: IgnoreReason::WrongMode });
    assert!(read_again(&kept, b"[]", Some(Mode::Live)).is_err());
}

#[test]
fn nothing_of_a_person_is_kept_in_clear() {
    for body in [
        event("charge.succeeded", charge(false)),
        event("payment_intent.succeeded", intent("succeeded")),
        event("charge.dispute.created", dispute("needs_response")),
        connected("account.updated", "acct_1RfKq2", account("active")),
    ] {
        let kept = format!("{:?}", read_of(&body)).to_lowercase();
        assert!(!kept.contains("canary") && !kept.contains("secret"), "{kept}");
    }
}
