//! Refusals after their cause has changed: nothing is withdrawn silently, retried effects stay listed, and a
//! refused message never hides refused money.

use chrono::Duration;
use serde_json::json;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::parties::{PRICE, payment_of};
use support::world::{COMPANY, World};

#[tokio::test]
async fn the_mail_that_corrects_a_decline_is_sent_also_where_an_event_or_a_later_try_brings_it() {
    let by_event = World::start().await;
    let booking = by_event.held("key-1").await;
    by_event.inject_stripe_fault(Operation::Capture, "refused:402:card_declined", Some(1));
    by_event.decide(&booking, "accept", "key-2").await;
    assert_eq!(by_event.sent(Kind::Mail), 1);
    by_event.service.sandbox.stripe.capture_outside(payment_of(&booking));
    by_event.service.deliver_stripe_events().await;
    by_event.settle().await;
    assert_eq!((by_event.sent(Kind::Mail), by_event.refused().await.len()), (2, 0));

    let waited = World::start().await;
    let booking = waited.held("key-1").await;
    waited.inject_stripe_fault(Operation::Capture, "refused:402:card_declined", Some(1));
    waited.decide(&booking, "accept", "key-2").await;
    waited.inject_mail_fault("status:429", Some(1));
    waited.decide(&booking, "accept", "key-3").await.ok();
    assert_eq!(waited.sent(Kind::Mail), 1);
    waited.advance(Duration::minutes(10));
    waited.settle().await;
    assert_eq!(waited.sent(Kind::Mail), 2);
}

#[tokio::test]
async fn a_refund_that_a_dispute_overtakes_is_listed_and_made_once_the_dispute_is_won() {
    let world = World::start().await;
    let booking = world.accepted_booking("key-1").await;
    world.inject_stripe_fault(Operation::CreateRefund, "status:429", Some(1));
    world.decide(&booking, "cancel", "key-2").await;
    let stripe = &world.service.sandbox.stripe;
    stripe.open_dispute(payment_of(&booking));
    world.service.deliver_stripe_events().await;
    world.advance(Duration::minutes(10));
    world.settle().await;
    let listed = world.refused_one().await;
    assert_eq!(
        (&listed["consequence"], &listed["reason"], &listed["code"], &listed["amount"]),
        (&json!("payment_not_refunded"), &json!("dispute_open"), &json!(null), &json!(PRICE))
    );
    let early = world.resolve_refusal(&listed, "try_again").await;
    assert_eq!(early.status, 409, "{early:?}");
    assert_eq!((world.refused().await.len(), world.sent(Kind::Refund)), (1, 0), "nothing was decided");

    world.advance(Duration::days(20));
    stripe.close_dispute(payment_of(&booking), true);
    world.service.deliver_stripe_events().await;
    assert_eq!(world.resolve_refusal(&listed, "try_again").await.ok()["status"], "done");
    assert_eq!((world.refused().await.len(), world.sent(Kind::Refund)), (0, 1));
    world.service.deliver_stripe_events().await;
    world.check_the_books().await;
}

#[tokio::test]
async fn a_decline_mail_that_was_refused_is_moot_once_the_booking_is_accepted() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::Capture, "refused:402:card_declined", Some(1));
    world.inject_mail_fault("refused:422:validation_error", Some(1));
    world.decide(&booking, "accept", "key-2").await;
    assert_eq!(world.refused().await.len(), 2, "the capture and the mail");
    world.decide(&booking, "accept", "key-3").await.ok();
    assert_eq!(world.refused().await.len(), 0);
}

#[tokio::test]
async fn a_step_that_was_given_up_is_not_called_contradicted_while_stripe_does_not_answer() {
    let world = World::start().await;
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::Capture, "status:401", None);
    world.decide(&booking, "accept", "key-2").await;
    for _ in 0..72 {
        world.advance(Duration::hours(1));
        world.settle().await;
    }
    let listed = world.refused_one().await;
    assert!(listed["reason"].as_str().unwrap().starts_with("gave_up:"), "{listed:#}");
    world.inject_stripe_fault(Operation::Any, "status:503", None);
    let answer = world.resolve_refusal(&listed, "try_again").await;
    assert_eq!(answer.status.as_u16(), 503, "{answer:?}");
    world.all_well();
    assert_eq!(world.resolve_refusal(&listed, "try_again").await.ok()["status"], "done");
    assert_eq!(world.sent(Kind::Capture), 1);
}

#[tokio::test]
async fn a_hundred_refused_messages_do_not_hide_refused_money() {
    let world = World::start().await;
    world.save_settings(json!({"dm_enabled": false, "reminder_offsets_days": [0]})).await;
    world.settle().await;
    world.inject_fault(Operation::Notifications, "refused:403:forbidden", None, None);
    for member in 0..101 {
        let membership = format!("mem_{member}");
        world.add_past_due(COMPANY, &membership);
        world.fail(&membership, &format!("pay_{member}"), world.now()).await.ok();
    }
    world.settle().await;
    world.advance(Duration::minutes(1));
    let booking = world.held("key-1").await;
    world.inject_stripe_fault(Operation::Capture, "refused:402:card_declined", Some(1));
    world.decide(&booking, "accept", "key-2").await;
    let refused = world.refused().await;
    let of_money = refused.iter().filter(|effect| effect["consequence"] == "payment_not_captured").count();
    assert_eq!((of_money, refused.len()), (1, 101), "and the newest hundred of the messages");
}
