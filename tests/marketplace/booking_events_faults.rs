//! Events about bookings that cannot be applied on arrival: unknown, unreadable, forged, too early.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::party::PaymentIntentId;
use shared::domain::marketplace::booking::Anomaly;
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use support::booked::{PRICE, booking_id, event, metadata, requested};
use support::world::{COMPANY, World};

#[tokio::test]
async fn an_event_that_names_its_booking_is_stored_before_the_request() {
    let world = World::start().await;
    let (id, stripe) = (booking_id("1"), &world.service.sandbox.stripe);
    let payment = world.open_payment(id, metadata(id)).await;
    stripe.authorize(payment.as_str());
    for stripe_event in
        stripe.events().iter().filter(|stripe_event| stripe_event.kind != "payment_intent.created")
    {
        assert_eq!(
            world.deliver_stripe_text(&stripe_event.body).await["outcome"],
            "applied",
            "{}",
            stripe_event.kind
        );
    }
    assert!(world.booking_row(id).await.booking().is_none());
    world.record_facts(id, None, vec![requested()]).await;
    let row = world.booking_row(id).await;
    let booking = row.booking().unwrap();
    assert_eq!((booking.status.as_str(), booking.payment_intent), ("authorized", Some(payment)));
    assert_eq!(row.started_steps, BTreeMap::new(), "no second payment is opened");
}

/// A captured charge of the booking, with this refunded amount.
fn given_back(amount_refunded: &str, currency: &str) -> Value {
    let amount: Value = serde_json::from_str(amount_refunded).unwrap();
    json!({"id": "ch_1", "object": "charge", "amount": PRICE, "amount_captured": PRICE, "captured": true,
        "amount_refunded": amount, "currency": currency, "payment_intent": "pi_0000000001",
        "metadata": metadata(booking_id("1"))})
}

#[tokio::test]
async fn a_refund_larger_than_the_charge_is_applied_and_shown_and_gives_back_no_more_than_was_taken() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    world.service.sandbox.stripe.authorize(&payment);
    world.service.sandbox.stripe.capture_outside(&payment);
    world.service.deliver_stripe_events().await;
    let too_much = event("evt_x", "charge.refunded", world.now(), given_back("10001", "usd"));
    assert_eq!(world.deliver_stripe(&too_much).await["outcome"], "applied");
    let booking = world.booking_row(id).await.booking().unwrap();
    assert_eq!((booking.amounts.captured, booking.amounts.refunded), (PRICE, PRICE));
    assert!(booking.anomalies.contains(&Anomaly::RefundedAboveCaptured));
    assert_eq!(world.balances().await.values().sum::<i64>(), 0);
}

#[tokio::test]
async fn money_that_cannot_be_read_is_kept_set_aside_with_its_reason_and_changes_nothing() {
    let cases = [
        ("9223372036854775808", "usd", "amount_unreadable"),
        ("-1", "usd", "amount_unreadable"),
        ("1e3", "usd", "amount_unreadable"),
        ("\"100\"", "usd", "amount_unreadable"),
        ("100", "xxx", "currency_unknown"),
        ("100", "usdt", "currency_unknown"),
    ];
    let world = World::start().await;
    let (id, _) = world.add_booking("1").await;
    let before = world.booking_row(id).await;
    for (number, (amount, currency, reason)) in cases.into_iter().enumerate() {
        let event_id = format!("evt_{number}");
        let stripe_event = event(&event_id, "charge.refunded", world.now(), given_back(amount, currency));
        assert_eq!(world.deliver_stripe(&stripe_event).await["outcome"], "kept", "{amount} {currency}");
        let kept = world.stripe_event(&event_id).await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!("set_aside"), &json!(reason)));
        assert!(kept.get("expires_at").is_none(), "it stays until a person resolves it");
        assert_eq!(world.deliver_stripe(&stripe_event).await["outcome"], "duplicate");
    }
    assert_eq!(world.booking_row(id).await, before);
    let listed = world.operator(Method::GET, "/api/webhooks/events").await.ok();
    assert_eq!(listed["data"].as_array().unwrap().len(), cases.len(), "{listed}");
    assert_eq!(
        (&listed["data"][0]["source"], &listed["data"][0]["company_id"]),
        (&json!("stripe"), &json!(COMPANY))
    );

    let replayed = world.operator(Method::POST, "/api/webhooks/events/evt_0/replay").await.ok();
    let state = (&replayed["status"], &replayed["reason"], &replayed["replays"]);
    assert_eq!(state, (&json!("set_aside"), &json!("amount_unreadable"), &json!(1)));
    assert_eq!(world.operator(Method::POST, "/api/webhooks/events/evt_9/replay").await.status, 404);
}

#[tokio::test]
async fn an_event_without_an_owner_is_replayed_once_its_payment_is_known() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    let dispute = |payment: &str| {
        json!({"id": "du_1", "object": "dispute", "amount": PRICE, "currency": "usd", "metadata": {},
            "payment_intent": payment, "status": "needs_response"})
    };
    let stripe_event = event("evt_1", "charge.dispute.created", world.now(), dispute("pi_later"));
    assert_eq!(world.deliver_stripe(&stripe_event).await["outcome"], "kept");
    for _ in 0..6 {
        world.advance(Duration::hours(7));
        world.apply_what_waits().await;
    }
    let kept = world.stripe_event("evt_1").await;
    assert_eq!((&kept["status"], &kept["reason"]), (&json!("received"), &json!("not_ours")));
    let later = PaymentIntentId::parse("pi_later").unwrap();
    world.record_facts(booking_id("2"), Some(&later), vec![requested()]).await;
    let replayed = world.operator(Method::POST, "/api/webhooks/events/evt_1/replay").await.ok();
    let shown = (&replayed["status"], &replayed["source"], &replayed["payment_intent_id"]);
    assert_eq!(shown, (&json!("applied"), &json!("stripe"), &json!("pi_later")));
    assert_eq!(world.booking_status(booking_id("2")).await, "disputed");
    let again = world.operator(Method::POST, "/api/webhooks/events/evt_1/replay").await;
    assert_eq!(again.status, 409);
    assert_ne!(world.booking_status(id).await, "disputed", "{payment} is another's");
}

#[tokio::test]
async fn a_connected_accounts_own_payments_move_no_booking() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    let before = world.booking_row(id).await;
    world.service.sandbox.stripe.authorize(&payment);
    world.service.sandbox.stripe.capture_outside(&payment);
    for stripe_event in world.service.sandbox.stripe.events() {
        let mut forged: Value = serde_json::from_str(&stripe_event.body).unwrap();
        forged["account"] = json!("acct_professional");
        assert_eq!(world.deliver_stripe(&forged).await["outcome"], "kept");
    }
    assert_eq!(world.booking_row(id).await, before);
    for row in world.rows_of("EVENT#stripe#").await {
        assert_eq!(row["status"], "received", "kept, and nothing follows");
    }
}

#[tokio::test]
async fn after_a_failed_refund_the_total_is_looked_up_at_stripe() {
    let world = World::start().await;
    let (id, payment) = world.add_booking("1").await;
    let stripe = &world.service.sandbox.stripe;
    stripe.authorize(&payment);
    stripe.capture_outside(&payment);
    stripe.refund(&payment, 3_000);
    stripe.refund(&payment, 500);
    world.service.deliver_stripe_events().await;
    let refunded = async || world.booking_row(id).await.booking().unwrap().amounts.refunded;
    assert_eq!(refunded().await, 3_500);
    // In the same second as the refunds, so a look-up then may be outdated.
    stripe.fail_refund(&payment, 3_000);
    let waiting = stripe.undelivered_events();
    assert_eq!(world.service.deliver_stripe_events().await, 2, "answered, not applied");
    let kept = world.stripe_event(&waiting[0].id).await;
    assert_eq!((&kept["status"], &kept["reason"]), (&json!("pending"), &json!("provider_not_asked_yet")));

    let (provider, operation) = (Provider::Stripe, Operation::PaymentIntent);
    let kind = "status:503".parse().unwrap();
    world.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    world.advance(Duration::minutes(1));
    world.apply_what_waits().await;
    assert_eq!(refunded().await, 3_500, "Stripe did not answer");
    world.all_well();
    world.advance(Duration::minutes(10));
    world.tick().await;
    assert_eq!(refunded().await, 500);
    assert_eq!(world.balances().await.values().sum::<i64>(), 0);
}
