use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use shared::http::JsonBody;
use tower::ServiceExt as _;

use super::payment;
use stand_ins::clock::SandboxClock;
use stand_ins::sandbox::Sandbox;
use stand_ins::stripe::{API_VERSION, DisputeStatus, IntentStatus, StripeStandIn};

/// The first payment intent of a Stripe.
const INTENT: &str = "pi_0000000001";

/// A Stripe with one unpaid payment intent of 10,000.
async fn stripe() -> StripeStandIn {
    let clock = SandboxClock::frozen("2025-11-18T12:00:00Z".parse().unwrap());
    let stripe = Sandbox::memory(clock).stripe;
    let order = Request::post("/v1/payment_intents")
        .header("authorization", "Bearer sk_test_key")
        .header("stripe-version", API_VERSION)
        .body(Body::from("amount=10000&currency=usd&capture_method=manual"))
        .unwrap();
    assert_eq!(stripe.router().oneshot(order).await.unwrap().status(), 200);
    stripe
}

/// Plays an outcome; a refusal names the field.
fn play(stripe: &StripeStandIn, outcome: &str, amount: Value) -> Result<(), String> {
    let mut value = json!({"payment_intent_id": INTENT, "outcome": outcome});
    if !amount.is_null() {
        value["amount"] = amount;
    }
    let played = payment(stripe, &JsonBody { bytes: bytes::Bytes::new(), value });
    played.map(drop).map_err(|failure| {
        let error = &failure.problem("sandbox").errors[0];
        format!("{}: {}", error.field, error.message)
    })
}

fn refunded(stripe: &StripeStandIn) -> i64 {
    stripe.charge_of(INTENT).unwrap().amount_refunded
}

#[tokio::test]
async fn a_payment_is_refunded_in_parts_and_whole_and_a_refund_fails() {
    let stripe = stripe().await;
    play(&stripe, "authorized", Value::Null).unwrap();
    let early = play(&stripe, "refunded", Value::Null).unwrap_err();
    assert_eq!(early, "outcome: not possible while the payment is \"requires_capture\"");
    play(&stripe, "captured", Value::Null).unwrap();
    play(&stripe, "refunded", json!(2_500)).unwrap();
    assert_eq!(play(&stripe, "refunded", json!(7_501)).unwrap_err(), "amount: expected at most 7500");
    play(&stripe, "refunded", Value::Null).unwrap();
    assert_eq!(refunded(&stripe), 10_000);
    assert!(play(&stripe, "refunded", Value::Null).is_err());
    let unknown = play(&stripe, "refund_failed", json!(1)).unwrap_err();
    assert_eq!(unknown, "amount: expected the amount of a refund");
    play(&stripe, "refund_failed", json!(2_500)).unwrap();
    assert_eq!(refunded(&stripe), 7_500);
    play(&stripe, "refund_failed", Value::Null).unwrap();
    assert_eq!(refunded(&stripe), 0);
    assert!(play(&stripe, "refund_failed", Value::Null).is_err());
}

#[tokio::test]
async fn a_dispute_is_opened_and_then_won_or_lost() {
    for (outcome, status) in [("dispute_won", DisputeStatus::Won), ("dispute_lost", DisputeStatus::Lost)] {
        let stripe = stripe().await;
        play(&stripe, "authorized", Value::Null).unwrap();
        play(&stripe, "captured", Value::Null).unwrap();
        assert!(play(&stripe, outcome, Value::Null).is_err(), "the payment has no dispute");
        play(&stripe, "disputed", Value::Null).unwrap();
        let refused = play(&stripe, "refunded", Value::Null).unwrap_err();
        assert!(refused.ends_with("is \"succeeded\" and its dispute is \"needs_response\""), "{refused}");
        play(&stripe, outcome, Value::Null).unwrap();
        assert_eq!(stripe.charge_of(INTENT).unwrap().dispute.unwrap().status, status);
        assert!(play(&stripe, outcome, Value::Null).is_err(), "it is decided");
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_nothing_happens() {
    let stripe = stripe().await;
    let misspelt = play(&stripe, "refund", Value::Null).unwrap_err();
    assert!(misspelt.starts_with("outcome: expected one of authorized, captured"), "{misspelt}");
    assert!(play(&stripe, "captured", json!(1)).unwrap_err().starts_with("amount: "));
    for amount in [json!(0), json!(-1), json!("1"), json!(1.5)] {
        assert!(play(&stripe, "refunded", amount).unwrap_err().starts_with("amount: "));
    }
    assert_eq!(stripe.payment_intent(INTENT).unwrap().status, IntentStatus::RequiresPaymentMethod);
}
