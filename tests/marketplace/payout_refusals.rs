//! Transfers that Stripe refuses or accepts late, and bookings that change while they are paid.

use chrono::Duration;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::marketplace::booking::{BookingFactKind, DisputeStatus};
use stand_ins::fault::Operation;

use crate::payouts::FRIDAY;
use support::payees::TUESDAY;
use support::payees::usd;
use support::payees::{Job, account_of};
use support::world::{COMPANY, World};

#[tokio::test]
async fn what_stripe_refuses_is_tried_again_by_the_next_batch_as_another_version() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job { names_charge: false, ..Job::of(&world, "user_p") }).await;
    world.service.sandbox.stripe.set_balance("usd", 50_000);
    let stripe = world.service.sandbox.stripe.clone();
    // The balance is spent between loading and the transfer.
    world.service.sandbox.faults.intercept(std::sync::Arc::new(move |_, operation| {
        if operation == Operation::CreateTransfer {
            stripe.set_balance("usd", 10);
        }
        None
    }));
    world.pay_day().await;
    world.service.sandbox.faults.stop_intercepting();
    let entry = world.entry(TUESDAY, booking).await;
    assert_eq!((&entry["status"], &entry["reason"]), (&json!("rejected"), &json!("balance_insufficient")));
    assert!(entry["message"].as_str().unwrap().contains("balance"), "{entry}");
    world.service.sandbox.stripe.set_balance("usd", 50_000);
    for _ in 0..3 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
        assert!(world.transfers().is_empty(), "not within the hour, unless a person starts a run");
    }
    assert_eq!(world.batch(TUESDAY).await["status"], "waiting", "for an hour");
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
    assert_eq!(world.entry(FRIDAY, booking).await["operation"], format!("payout:{booking}:v2"));
}

#[tokio::test]
async fn a_person_may_have_it_tried_again_on_the_same_day() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "stored:400", Some(1));
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["status"], "rejected");
    let ran = world.process(Role::Provider, false).await;
    assert_eq!(ran["transfers"][0]["operation"], format!("payout:{booking}:v2"));
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(1)), "{batch:#}");
    assert_eq!(batch["started_by"]["kind"], "schedule", "its starter stays");
}

#[tokio::test]
async fn without_a_charge_the_platforms_balance_is_used_for_the_longest_waiting_first() {
    let world = World::start().await;
    let mut bookings = Vec::new();
    for (professional, hours) in [("user_p", 30), ("user_q", 40), ("user_r", 50)] {
        // Without an account at first: connecting one makes the professional due at once.
        let completed_at = world.now() - Duration::hours(hours);
        let job = Job { names_charge: false, completed_at, ..Job::of(&world, professional) };
        bookings.push(world.add_job(&job).await);
        world.add_payee(COMPANY, professional, "usd").await;
    }
    world.service.sandbox.stripe.set_balance("usd", 17_000);
    world.pay_day().await;
    let states: Vec<Value> = [
        world.entry(TUESDAY, bookings[0]).await,
        world.entry(TUESDAY, bookings[1]).await,
        world.entry(TUESDAY, bookings[2]).await,
    ]
    .iter()
    .map(|entry| entry["status"].clone())
    .collect();
    assert_eq!(states, ["skipped", "done", "done"]);
    assert_eq!(world.entry(TUESDAY, bookings[0]).await["reason"], "platform_balance_low");
}

#[tokio::test]
async fn a_disputed_booking_is_skipped_with_the_reason() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    let dispute = |status| {
        let (dispute_id, money) = ("dp_1".to_owned(), usd(10_000));
        BookingFactKind::Disputed { dispute_id, status, money, payment_intent: None }
    };
    world.happens(booking, dispute(DisputeStatus::NeedsResponse)).await;
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["reason"], "disputed");
    world.advance(Duration::hours(1));
    world.happens(booking, dispute(DisputeStatus::Won)).await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
}

#[tokio::test]
async fn a_transfer_that_never_left_is_withdrawn_when_the_booking_changes() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "status:429", None);
    let report = world.pay_day().await;
    assert_eq!((&report["failed"], &report["more"]), (&json!(1), &json!(true)));
    world.all_well();
    world.happens(booking, BookingFactKind::Refunded { money: usd(4_000), payment_intent: None }).await;
    world.advance(Duration::minutes(10));
    world.pay_day().await;
    let entry = world.entry(TUESDAY, booking).await;
    assert_eq!((&entry["status"], &entry["reason"]), (&json!("rejected"), &json!("amount_changed")));
    world.next_payout_morning();
    world.pay_day().await;
    let transfers = world.transfers();
    assert_eq!((transfers.len(), transfers[0].amount), (1, 5_100), "of what is left");
}

#[tokio::test]
async fn a_run_that_stripe_turns_away_makes_no_further_calls() {
    let world = World::start().await;
    for n in 0..12 {
        let professional = format!("user_{n}");
        world.add_payee(COMPANY, &professional, "usd").await;
        world.add_job(&Job::of(&world, &professional)).await;
        world.add_job(&Job::of(&world, &professional)).await;
    }
    world.inject_stripe_fault(Operation::CreateTransfer, "status:429", None);
    world.service.sandbox.stripe.reset_requests();
    let report = world.pay_day().await;
    assert_eq!(report["more"], true);
    let asked = world.service.sandbox.stripe.requests()["create_transfer"];
    assert!(asked <= 8, "only those on their way at that moment: {asked}");
    world.all_well();
    for _ in 0..3 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
    }
    assert_eq!(world.transfers().len(), 24);
    assert_eq!(world.batch(TUESDAY).await["counts"]["done"], 24);
}

#[tokio::test]
async fn a_transfer_reversed_before_its_event_is_recorded_with_its_reversal() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "drop_after", Some(1));
    world.pay_day().await;
    let transfer = world.transfers()[0].id.clone();
    world.service.sandbox.stripe.reverse_transfer(&transfer, 8_500);
    // The key has expired, so the transfer is looked up.
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
    let amounts = world.booking_of(booking).await.amounts;
    assert_eq!((amounts.transferred, amounts.reversed), (8_500, 8_500));
    assert_eq!(world.balance("user_p", "usd", "reversed").await, 8_500);
    assert_eq!(world.entry(TUESDAY, booking).await["transfer_id"], transfer);
}

#[tokio::test]
async fn an_account_that_closes_between_the_look_and_the_transfer_is_a_reason_like_any_other() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    let dry = world.process(Role::Provider, true).await;
    assert_eq!(dry["transfers"].as_array().unwrap().len(), 1);
    let stripe = world.service.sandbox.stripe.clone();
    world.service.sandbox.faults.intercept(std::sync::Arc::new(move |_, operation| {
        if operation == Operation::CreateTransfer {
            stripe.delete_account(&account_of("user_p"));
        }
        None
    }));
    world.process(Role::Provider, false).await;
    world.service.sandbox.faults.stop_intercepting();
    assert_eq!(world.entry(TUESDAY, booking).await["status"], "rejected");
    let again = world.process(Role::Provider, false).await;
    assert_eq!(again["skips"][0]["reason"], "stripe_account_missing");
    assert!(world.transfers().is_empty());
}
