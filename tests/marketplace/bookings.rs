//! A booking from the request to its end: the money follows the decisions, once.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use support::answer::is_replay;
use support::browser::Browser;
use support::parties::{PRICE, PROFESSIONAL, path_of, payment_of};
use support::world::{Answer, World};

fn refused(answer: &Answer, word: &str) {
    assert_eq!(answer.status, 409, "{answer:?}");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(&format!("{word}: ")), "{detail}");
}

#[tokio::test]
async fn a_job_is_requested_paid_accepted_and_completed() {
    let world = World::start().await;
    let asked = world.book("key-1").await;
    assert_eq!((&asked["status"], &asked["amount"]), (&json!("requested"), &json!(PRICE)));
    let payment = world.get(&format!("{}/payment", path_of(&asked))).await;
    assert_eq!(payment["payment_intent_id"], asked["payment_intent_id"]);
    assert_eq!(payment["status"], "requires_payment_method");
    assert!(payment["client_secret"].as_str().is_some_and(|secret| secret.contains("_secret_")), "{payment}");

    world.advance(Duration::minutes(5));
    world.authorize(&asked).await;
    let held = world.seen(&asked).await;
    assert_eq!((&held["status"], &held["captured_amount"]), (&json!("authorized"), &json!(0)));
    assert_eq!(held["decline_due_at"], "2025-11-19T09:07:03.000Z");

    world.advance(Duration::hours(1));
    let promised = world.decide(&asked, "accept", "key-2").await.ok();
    assert_eq!((&promised["status"], &promised["captured_amount"]), (&json!("accepted"), &json!(PRICE)));
    assert_eq!((&promised["fee_amount"], &promised["payable_amount"]), (&json!(1_500), &json!(8_500)));
    assert_eq!(promised["decline_due_at"], Value::Null);
    assert_eq!(world.sent(Kind::Capture), 1);

    world.advance(Duration::days(3));
    let done = world.decide(&asked, "complete", "key-3").await.ok();
    assert_eq!(done["status"], "completed");
    let books = world.check_the_books().await;
    let usd = &books["data"][0];
    assert_eq!((&usd["currency"], &usd["cash_amount"]), (&json!("usd"), &json!(PRICE)));
    assert_eq!((&usd["accounts"]["owed"], &usd["accounts"]["fees"]), (&json!(-8_500), &json!(-1_500)));
    assert_eq!(world.seen(&asked).await, done);
}

#[tokio::test]
async fn two_concurrent_acceptances_capture_once() {
    for keys in [["key-1", "key-1"], ["key-1", "key-2"]] {
        let world = World::start().await;
        let booking = world.held("key-0").await;
        let (one, other) = tokio::join!(
            world.decide(&booking, "accept", keys[0]),
            world.decide(&booking, "accept", keys[1])
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert!(
            statuses == [200, 409] || (keys[0] == keys[1] && statuses == [200, 200]),
            "{one:?} {other:?}"
        );
        assert_eq!(world.sent(Kind::Capture), 1);
        let again = world.decide(&booking, "accept", keys[0]).await;
        assert!(is_replay(&again), "{again:?}");
        assert_eq!(world.seen(&booking).await["captured_amount"], PRICE);
        world.check_the_books().await;
    }
}

#[tokio::test]
async fn a_decline_voids_the_authorization_and_notifies_the_customer_once() {
    let world = World::start().await;
    let body = {
        let mut job = world.job();
        job["language"] = json!("es");
        job
    };
    let booking = world.keyed(Method::POST, "/api/bookings", "key-1", body).await.json();
    world.authorize(&booking).await;
    let declined = world.decide(&booking, "decline", "key-2").await.ok();
    assert_eq!((&declined["status"], &declined["processed_by_cron"]), (&json!("declined"), &json!(false)));
    assert_eq!(
        (&declined["declined_reason"], &declined["auto_declined_at"]),
        (&json!("professional_declined"), &Value::Null)
    );
    let again = world.decide(&booking, "decline", "key-2").await;
    assert!(is_replay(&again) && again.json() == declined, "{again:?}");
    refused(&world.decide(&booking, "decline", "key-3").await, "already_declined");
    refused(&world.decide(&booking, "accept", "key-4").await, "already_declined");
    refused(&world.decide(&booking, "cancel", "key-5").await, "already_declined");
    assert_eq!((world.sent(Kind::Release), world.sent(Kind::Capture), world.sent(Kind::Mail)), (1, 0, 1));
    let mail = world.newest_mail();
    assert_eq!(mail.0.to, "customer@example.com");
    world.check_the_books().await;
}

#[tokio::test]
async fn a_cancellation_after_the_capture_refunds_everything() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.advance(Duration::hours(2));
    let cancelled = world.decide(&booking, "cancel", "key-2").await.ok();
    assert_eq!((&cancelled["status"], &cancelled["cancelled_by"]), (&json!("cancelled"), &json!("owner")));
    assert_eq!((&cancelled["refunded_amount"], &cancelled["anomalies"]), (&json!(PRICE), &json!([])));
    refused(&world.decide(&booking, "cancel", "key-3").await, "already_cancelled");
    refused(&world.decide(&booking, "complete", "key-4").await, "already_cancelled");
    assert_eq!((world.sent(Kind::Refund), world.sent(Kind::Release)), (1, 0));
    world.service.deliver_stripe_events().await;
    let books = world.check_the_books().await;
    assert_eq!(books["data"][0]["cash_amount"], 0, "{books:#}");
}

#[tokio::test]
async fn a_cancellation_before_the_payment_cancels_the_payment_intent() {
    let world = World::start().await;
    let booking = world.book("key-1").await;
    let cancelled = world.decide(&booking, "cancel", "key-2").await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    let payment = world.get(&format!("{}/payment", path_of(&booking))).await;
    assert_eq!(payment["status"], "canceled", "it cannot be paid later");
    world.check_the_books().await;
}

#[tokio::test]
async fn each_decision_comes_in_its_turn_and_once() {
    let world = World::start().await;
    let booking = world.book("key-1").await;
    refused(&world.decide(&booking, "accept", "key-2").await, "not_authorized");
    refused(&world.decide(&booking, "complete", "key-3").await, "not_accepted");
    world.authorize(&booking).await;
    refused(&world.decide(&booking, "complete", "key-4").await, "not_accepted");
    refused(&world.decide(&booking, "accept", "key-2").await, "not_authorized");
    world.decide(&booking, "accept", "key-5").await.ok();
    refused(&world.decide(&booking, "accept", "key-6").await, "already_accepted");
    refused(&world.decide(&booking, "decline", "key-7").await, "already_accepted");
    world.decide(&booking, "complete", "key-8").await.ok();
    refused(&world.decide(&booking, "complete", "key-9").await, "already_completed");
    refused(&world.decide(&booking, "cancel", "key-10").await, "already_completed");
    assert_eq!((world.sent(Kind::Capture), world.sent(Kind::Refund), world.sent(Kind::Release)), (1, 0, 0));
    world.check_the_books().await;
}

#[tokio::test]
async fn a_capture_elsewhere_wins_over_the_professionals_no() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.service.sandbox.stripe.capture_outside(payment_of(&booking));
    let answer = world.decide(&booking, "decline", "key-2").await.ok();
    assert_eq!((&answer["status"], &answer["captured_amount"]), (&json!("accepted"), &json!(PRICE)));
    assert_eq!((world.sent(Kind::Release), world.sent(Kind::Mail)), (0, 0));
    world.check_the_books().await;
}

#[tokio::test]
async fn an_authorization_lost_before_the_acceptance_is_reported() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.service.sandbox.stripe.cancel_outside(payment_of(&booking));
    let answer = world.decide(&booking, "accept", "key-2").await.ok();
    assert_eq!((&answer["status"], &answer["captured_amount"]), (&json!("cancelled"), &json!(0)));
    world.check_the_books().await;
}

#[tokio::test]
async fn while_stripe_is_down_a_job_can_be_requested_and_its_payment_is_created_later() {
    let world = World::start().await;
    let rule = |operation| Rule {
        provider: Provider::Stripe,
        operation,
        kind: "status:503".parse().unwrap(),
        times: Some(1),
        company: None,
    };
    world.service.sandbox.faults.add(rule(Operation::CreatePaymentIntent));
    let booking = world.book("key-1").await;
    assert_eq!(booking["payment_intent_id"], Value::Null);
    let soon = world.owner(Method::GET, &format!("{}/payment", path_of(&booking)), None).await;
    assert_eq!((soon.status.as_u16(), soon.header("retry-after")), (409, Some("2")), "{soon:?}");

    let other = world.book("key-2").await;
    world.service.sandbox.faults.add(rule(Operation::PaymentIntent));
    let away = world.owner(Method::GET, &format!("{}/payment", path_of(&other)), None).await;
    assert_eq!((away.status.as_u16(), away.header("retry-after")), (503, Some("2")), "{away:?}");
    world.get(&format!("{}/payment", path_of(&other))).await;
    world.check_the_books().await;
}

#[tokio::test]
async fn a_customer_with_an_account_gets_mails_at_its_own_address() {
    let world = World::of_two_companies().await;
    let mut browser = world.signed_in(shared::domain::kernel::account::Role::Customer).await;
    let mut job = world.job();
    for name in ["customer_id", "customer_email"] {
        job.as_object_mut().unwrap().remove(name);
    }
    let request = |browser: &Browser| {
        let mut request = browser.request(Method::POST, "/api/bookings");
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json".parse().unwrap());
        headers.insert("idempotency-key", "key-1".parse().unwrap());
        *request.body_mut() = axum::body::Body::from(job.to_string());
        request
    };
    let booking = world.ask(request(&browser)).await;
    assert_eq!(booking.status, 201, "{booking:?}");
    let booking = booking.json();
    assert!(booking["customer_id"].as_str().unwrap().starts_with("email:"), "{booking}");
    assert_eq!((&booking["fee_amount"], &booking["payout"]), (&Value::Null, &Value::Null));
    assert_eq!(browser.get(&world, &path_of(&booking)).await.ok()["professional_id"], PROFESSIONAL);
    world.authorize(&booking).await;
    let before = world.sent(Kind::Mail);
    world.decide(&booking, "decline", "key-2").await.ok();
    assert_eq!(world.sent(Kind::Mail), before + 1);
    assert_eq!(world.newest_mail().0.to, "customer@example.com");
}
