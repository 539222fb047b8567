//! Final refusals of Stripe: the booking shows them, the parties are notified, operations list them until a
//! person or a later fact resolves them, and no request is repeated.

use chrono::Duration;
use http::StatusCode;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::parties::{PRICE, path_of, payment_of};
use support::world::{Answer, World};

/// The forms of final refusals: a code, another status, and a status without a code.
const REFUSALS: [&str; 4] =
    ["refused:400:charge_expired_for_capture", "refused:402:card_declined", "status:404", "status:422"];

fn is_conflict(answer: &Answer, word: &str) {
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.starts_with(&format!("{word}:")), "{detail}");
}

#[tokio::test]
async fn a_capture_that_stripe_refuses_is_no_acceptance() {
    for kind in REFUSALS {
        let world = World::start().await;
        let booking = world.held("key-1").await;
        world.inject_stripe_fault(Operation::Capture, kind, Some(1));
        is_conflict(&world.decide(&booking, "accept", "key-2").await, "payment_failed");
        let seen = world.seen(&booking).await;
        assert_eq!(
            (&seen["status"], &seen["declined_reason"]),
            (&json!("declined"), &json!("payment_failed"))
        );
        assert_eq!(
            (&seen["payment_status"], &seen["captured_amount"]),
            (&json!("capture_refused"), &json!(0))
        );
        assert_eq!(seen["refused"][0]["step"], "capture", "{kind}: {seen:#}");
        is_conflict(&world.decide(&booking, "complete", "key-3").await, "already_declined");
        assert_eq!((world.sent(Kind::Mail), world.sent(Kind::Release)), (1, 0), "{kind}");
        let mail = world.service.sandbox.outbox.entries().into_iter().find(|entry| entry.kind == Kind::Mail);
        let text = mail.unwrap().detail["text"].as_str().unwrap().to_owned();
        assert!(text.contains("could not be taken") && !text.contains("free again"), "{text}");

        let listed = world.refused_one().await;
        assert_eq!((&listed["provider"], &listed["amount"]), (&json!("stripe"), &json!(PRICE)), "{kind}");
        assert_eq!(
            (&listed["consequence"], &listed["currency"]),
            (&json!("payment_not_captured"), &json!("usd"))
        );
        if let Some(code) = kind.splitn(3, ':').nth(2) {
            assert_eq!(listed["code"], code);
        }
        world.advance(Duration::hours(2));
        world.settle().await;
        assert_eq!(world.refused().await.len(), 1, "it stays until it is resolved");
        world.check_the_books().await;
    }
}

#[tokio::test]
async fn a_refused_capture_is_taken_once_it_is_tried_again() {
    for by_operations in [true, false] {
        let world = World::start().await;
        let booking = world.held("key-1").await;
        world.inject_stripe_fault(Operation::Capture, REFUSALS[0], Some(1));
        is_conflict(&world.decide(&booking, "accept", "key-2").await, "payment_failed");
        if by_operations {
            let listed = world.refused_one().await;
            let resolved = world.resolve_refusal(&listed, "try_again").await.ok();
            assert_eq!(resolved["status"], "done", "{resolved:#}");
            assert!(resolved["operation"].as_str().unwrap().ends_with(":v2"), "{resolved:#}");
            assert_eq!(world.resolve_refusal(&listed, "try_again").await.status, 409);
        } else {
            world.decide(&booking, "accept", "key-3").await.ok();
        }
        let seen = world.seen(&booking).await;
        assert_eq!((&seen["status"], &seen["payment_status"]), (&json!("accepted"), &json!("captured")));
        assert_eq!((world.refused().await.len(), world.sent(Kind::Capture)), (0, 1));
        assert_eq!(world.sent(Kind::Mail), 2, "the first mail is corrected");
        world.decide(&booking, "complete", "key-4").await.ok();
        world.check_the_books().await;
    }
}

#[tokio::test]
async fn closing_a_refused_capture_voids_it_and_an_expired_authorization_resolves_it() {
    let closed = World::start().await;
    let booking = closed.held("key-1").await;
    closed.inject_stripe_fault(Operation::Capture, REFUSALS[0], Some(1));
    closed.decide(&booking, "accept", "key-2").await;
    let listed = closed.refused_one().await;
    let without_note =
        json!({"booking_id": listed["booking_id"], "operation": listed["operation"], "outcome": "closed"});
    assert_eq!(closed.resolve(without_note).await.status, 400);
    closed.resolve_refusal(&listed, "closed").await.ok();
    assert_eq!((closed.refused().await.len(), closed.sent(Kind::Release)), (0, 1));
    assert_eq!(closed.seen(&booking).await["payment_status"], "released");
    let audits = closed.rows_of("AUDIT#").await;
    let entries: Vec<&Value> = audits.iter().filter(|row| row["kind"] == "effect.refusal_resolved").collect();
    assert_eq!(entries.len(), 1, "{entries:#?}");

    let lapsed = World::start().await;
    let booking = lapsed.held("key-1").await;
    lapsed.inject_stripe_fault(Operation::Capture, REFUSALS[0], Some(1));
    lapsed.decide(&booking, "accept", "key-2").await;
    lapsed.service.sandbox.stripe.cancel_outside(payment_of(&booking));
    lapsed.service.deliver_stripe_events().await;
    assert_eq!(lapsed.refused().await.len(), 0, "Stripe reports that the authorization expired");
    let seen = lapsed.seen(&booking).await;
    assert_eq!((&seen["status"], &seen["payment_status"]), (&json!("declined"), &json!("released")));
    lapsed.settle().await;
    assert_eq!(lapsed.sent(Kind::Mail), 1, "one mail, however it ends");
}

#[tokio::test]
async fn an_acceptance_that_waits_for_stripe_is_answered_with_202() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::Capture, "status:503", Some(1));
    let answer = world.decide(&booking, "accept", "key-2").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let waits = answer.json();
    assert_eq!(
        (&waits["status"], &waits["payment_status"]),
        (&json!("authorized"), &json!("capture_pending"))
    );
    is_conflict(&world.decide(&booking, "complete", "key-3").await, "not_captured");
    world.advance(Duration::minutes(10));
    world.settle().await;
    assert_eq!(world.seen(&booking).await["status"], "accepted");
    assert_eq!(world.sent(Kind::Capture), 1);
}

#[tokio::test]
async fn a_refused_refund_is_listed_and_retried_under_a_new_key() {
    for kind in ["refused:400:insufficient_funds", "refused:402:card_declined", "status:404", "status:422"] {
        let world = World::start().await;
        let booking = world.accepted_booking("key-1").await;
        world.inject_stripe_fault(Operation::CreateRefund, kind, Some(1));
        let cancelled = world.decide(&booking, "cancel", "key-2").await.ok();
        assert_eq!(
            (&cancelled["status"], &cancelled["payment_status"]),
            (&json!("cancelled"), &json!("refund_refused"))
        );
        assert_eq!(cancelled["refunded_amount"], 0);
        let listed = world.refused_one().await;
        assert_eq!(
            (&listed["consequence"], &listed["amount"]),
            (&json!("payment_not_refunded"), &json!(PRICE))
        );
        let again = world.decide(&booking, "cancel", "key-3").await.ok();
        assert_eq!(
            (&again["payment_status"], &again["refunded_amount"]),
            (&json!("refunded"), &json!(PRICE))
        );
        assert_eq!((world.refused().await.len(), world.sent(Kind::Refund)), (0, 1), "{kind}");
        is_conflict(&world.decide(&booking, "cancel", "key-4").await, "already_cancelled");
        world.check_the_books().await;
    }
}

#[tokio::test]
async fn a_refund_made_by_hand_takes_the_refused_one_off_the_list() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.inject_stripe_fault(Operation::CreateRefund, "refused:400:insufficient_funds", Some(1));
    world.decide(&booking, "cancel", "key-2").await.ok();
    let listed = world.refused_one().await;
    world.service.sandbox.stripe.refund(payment_of(&booking), PRICE);
    let late = world.resolve_refusal(&listed, "try_again").await;
    assert_eq!(late.status, 409, "the payment is read first: {late:?}");
    assert_eq!((world.refused().await.len(), world.sent(Kind::Refund)), (0, 0));
    assert_eq!(world.seen(&booking).await["payment_status"], "refunded");
    world.service.deliver_stripe_events().await;
    world.check_the_books().await;
}

#[tokio::test]
async fn a_refused_void_is_listed_and_the_customer_gets_a_mail() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::CancelPaymentIntent, "refused:400:resource_missing", Some(1));
    let declined = world.decide(&booking, "decline", "key-2").await.ok();
    assert_eq!(
        (&declined["status"], &declined["payment_status"]),
        (&json!("declined"), &json!("release_refused"))
    );
    assert_eq!(declined["anomalies"], json!(["held_after_end"]));
    let mails: Vec<_> =
        world.service.sandbox.outbox.entries().into_iter().filter(|it| it.kind == Kind::Mail).collect();
    let text = mails[0].detail["text"].as_str().unwrap();
    assert!(mails.len() == 1 && !text.contains("free again") && text.contains("may stay reserved"), "{text}");
    assert_eq!(world.refused_one().await["consequence"], "hold_not_released");
    world.service.sandbox.stripe.cancel_outside(payment_of(&booking));
    world.service.deliver_stripe_events().await;
    let seen = world.seen(&booking).await;
    assert_eq!((&seen["payment_status"], &seen["anomalies"]), (&json!("released"), &json!([])));
    assert_eq!((world.refused().await.len(), world.sent(Kind::Mail)), (0, 1));
}

#[tokio::test]
async fn a_decline_mail_that_resend_refuses_is_listed_and_sent_when_it_is_tried_again() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_mail_fault("refused:422:validation_error", Some(1));
    let declined = world.decide(&booking, "decline", "key-2").await.ok();
    assert_eq!(
        (&declined["payment_status"], &declined["refused"][0]["step"]),
        (&json!("released"), &json!("decline_mail"))
    );
    let listed = world.refused_one().await;
    let shown = (&listed["provider"], &listed["code"], &listed["consequence"], &listed["amount"]);
    assert_eq!(
        shown,
        (&json!("resend"), &json!("validation_error"), &json!("customer_not_notified"), &Value::Null)
    );
    assert!(!listed.to_string().contains("example.com"), "no address is shown");
    assert_eq!(world.resolve_refusal(&listed, "try_again").await.ok()["status"], "done");
    assert_eq!((world.refused().await.len(), world.sent(Kind::Mail)), (0, 1));
}

#[tokio::test]
async fn a_payment_that_stripe_refuses_to_create_ends_the_booking_with_an_error() {
    for (kind, status, reason) in [
        ("refused:400:amount_too_small", 400, "amount_too_small"),
        ("refused:400:account_invalid", 409, "account_invalid"),
        ("status:404", 409, "not_found"),
    ] {
        let world = World::start().await;
        world.inject_stripe_fault(Operation::CreatePaymentIntent, kind, Some(1));
        let answer = world.keyed(http::Method::POST, "/api/bookings", "key-1", world.job()).await;
        assert_eq!(answer.status.as_u16(), status, "{kind}: {answer:?}");
        if status == 400 {
            assert_eq!(answer.json()["errors"][0]["field"], "amount", "{answer:?}");
        }
        let again = world.keyed(http::Method::POST, "/api/bookings", "key-1", world.job()).await;
        assert_eq!((again.status, &again.body), (answer.status, &answer.body), "the first answer again");
        let list = world.get("/api/bookings").await;
        let seen = list["data"][0].clone();
        assert_eq!(
            (&seen["status"], &seen["declined_reason"]),
            (&json!("declined"), &json!("payment_failed"))
        );
        assert_eq!(seen["refused"][0]["step"], "hold", "{kind}: {seen}");
        let shown = seen["refused"][0]["reason"].as_str().unwrap();
        assert_eq!(shown.split(':').next(), Some(reason), "{kind}: with Stripe's code");
        world.advance(Duration::hours(25));
        world.settle().await;
        assert_eq!(world.sent(Kind::Mail), 0, "the caller got it as the answer");
        assert_eq!(world.refused().await.len(), usize::from(status == 409), "{kind}");
    }
}

#[tokio::test]
async fn a_payment_that_stripe_refuses_to_create_later_is_mailed_and_listed() {
    let world = World::start().await;
    world.inject_stripe_fault(Operation::CreatePaymentIntent, "status:503", Some(1));
    let booking = world.book("key-1").await;
    world.inject_stripe_fault(Operation::CreatePaymentIntent, "refused:400:account_invalid", Some(1));
    world.advance(Duration::minutes(10));
    world.settle().await;
    let seen = world.seen(&booking).await;
    assert_eq!((&seen["status"], &seen["payment_status"]), (&json!("declined"), &json!("refused")));
    assert_eq!(world.sent(Kind::Mail), 1, "refused later, when the caller did not wait any more");
    assert_eq!(world.refused_one().await["consequence"], "payment_not_opened");
}

#[tokio::test]
async fn an_effect_at_stripe_without_a_look_up_answers_that_stripe_does_not_answer() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.inject_stripe_fault(Operation::CreateRefund, "refused:400:insufficient_funds", Some(1));
    world.decide(&booking, "cancel", "key-2").await.ok();
    let listed = world.refused_one().await;
    world.inject_stripe_fault(Operation::Any, "status:503", None);
    let answer = world.resolve_refusal(&listed, "try_again").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["detail"]),
        (503, &json!("Stripe does not answer. Try again."))
    );
    world.all_well();
    assert_eq!(world.refused().await.len(), 1, "nothing has changed");
    assert_eq!(world.get(&path_of(&booking)).await["payment_status"], "refund_refused");
}

#[tokio::test]
async fn a_message_that_whop_refuses_is_listed_until_it_is_closed_or_its_case_is_over() {
    let world = World::start().await;
    world.save_settings(json!({"dm_enabled": false, "reminder_offsets_days": [0]})).await;
    world.settle().await;
    for member in ["mem_1", "mem_2"] {
        world.add_past_due(support::world::COMPANY, member);
        world.fail(member, &format!("pay_{member}"), world.now()).await.ok();
    }
    world.inject_fault(Operation::Notifications, "refused:403:forbidden", Some(2), None);
    world.settle().await;
    let listed = world.refused().await;
    assert_eq!(listed.len(), 2, "{listed:#?}");
    assert_eq!((&listed[0]["provider"], &listed[0]["code"]), (&json!("whop"), &json!("forbidden")));
    let again = world.resolve_refusal(&listed[0], "try_again").await;
    assert_eq!(again.status, 409, "the owner nudges again instead: {again:?}");
    let closed = world.resolve_refusal(&listed[0], "closed").await.ok();
    assert_eq!((&closed["status"], &closed["operation"]), (&json!("rejected"), &listed[0]["operation"]));
    assert_eq!(world.resolve_refusal(&listed[0], "closed").await.status, 409);
    assert_eq!(world.refused_one().await["case_id"], listed[1]["case_id"]);
    let path = format!("/api/cases/{}/cancel", listed[1]["case_id"].as_str().unwrap());
    world.post(&path, json!({})).await.ok();
    assert_eq!(world.refused().await.len(), 0, "no reminder is due any more");
    assert_eq!(world.sent(Kind::Push), 0);
}
