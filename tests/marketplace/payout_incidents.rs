//! Payout days that Stripe spoils: what operations, the log, the metrics and the event bus say at each step, and how
//! the day is made up.

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Provider;
use support::log::Log;
use support::payees::{Job, TUESDAY};
use support::world::{COMPANY, World};

use crate::payouts::FRIDAY;

/// The announced ends of batches by kind, after publishing everything.
async fn announced_ends(world: &World) -> Vec<(String, usize)> {
    world.publish().await;
    let kinds = world.published_kinds().into_iter();
    kinds.filter(|(kind, _)| kind.starts_with("payout.batch_")).collect()
}

/// The rows of one kind that wait.
async fn waiting(world: &World, what: &str) -> Vec<Value> {
    let operations = world.read_operations().await;
    let rows = operations["waiting"]["data"].as_array().unwrap().iter();
    rows.filter(|row| row["what"] == what).cloned().collect()
}

/// The gauges of the next tick.
async fn gauges(world: &World) -> Value {
    let (log, guard) = Log::open();
    world.tick().await;
    drop(guard);
    log.lines_with("unpaid_and_due").pop().unwrap()
}

async fn two_due_professionals() -> World {
    let world = World::with_bus().await;
    for professional in ["user_p", "user_q"] {
        world.add_payee(COMPANY, professional, "usd").await;
        world.add_job(&Job::of(&world, professional)).await;
    }
    world
}

#[tokio::test]
async fn a_payout_day_that_stripe_spoils_is_shown_as_waiting_and_made_up_once() {
    let world = two_due_professionals().await;
    world.down(Provider::Stripe);
    let (log, guard) = Log::open();
    for tick in 0..12 {
        world.pay_day().await;
        let batch = world.batch(TUESDAY).await;
        let state = (&batch["status"], &batch["reason"], &batch["professionals_left"]);
        assert_eq!(state, (&json!("waiting"), &json!("api_error"), &json!(2)), "tick {tick}: {batch:#}");
        let rows = waiting(&world, "professional").await;
        assert_eq!(rows.len(), 2, "tick {tick}: {rows:#?}");
        for row in &rows {
            let money = (&row["amount"], &row["currency"], &row["batch_id"]);
            assert_eq!(money, (&json!(8_500), &json!("usd"), &json!(TUESDAY)), "{row:#}");
            let why = (&row["provider"], &row["reason"], &row["tries"]);
            assert_eq!(why, (&json!("stripe"), &json!("api_error"), &json!(tick + 1)), "{row:#}");
            assert_eq!(row["since"], rows[0]["since"], "since the first failure");
        }
        assert_eq!(waiting(&world, "batch").await.len(), 1, "tick {tick}");
        assert_eq!(announced_ends(&world).await, [], "tick {tick}: nothing has ended");
        world.advance(Duration::minutes(10));
    }
    drop(guard);
    let lines = log.lines_with("professional_id");
    let names_all = |line: &Value| line["company_id"] == COMPANY && line["level"] == "warn";
    assert!(lines.len() >= 24 && lines.iter().all(names_all), "{lines:#?}");
    assert!(
        log.lines_with("batch_id")
            .iter()
            .any(|line| line["status"] == "waiting" && line["reason"] == "api_error")
    );
    let measured = gauges(&world).await;
    assert_eq!(measured["unpaid_and_due"], 2, "{measured:#}");

    // Nobody is called before Stripe is back, on the next day and outside the hours of the schedule.
    world.advance(Duration::hours(20));
    assert_eq!(gauges(&world).await["unpaid_and_due"], 2);
    world.all_well();
    world.advance(Duration::minutes(5));
    world.tick().await;
    assert_eq!(world.transfers().len(), 2, "made up by the first run after Stripe is back");
    let batch = world.batch(TUESDAY).await;
    let state = (&batch["status"], &batch["counts"]["done"], &batch["professionals_left"]);
    assert_eq!(state, (&json!("completed"), &json!(2), &json!(0)), "{batch:#}");
    world.settle().await;
    let operations = world.read_operations().await;
    assert_eq!(operations["waiting"]["count"], 0, "{operations:#}");
    assert_eq!(gauges(&world).await["unpaid_and_due"], 0);
    assert_eq!(announced_ends(&world).await, [("payout.batch_completed".to_owned(), 1)]);

    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2, "paid once");
    world.check_books("after the day was made up").await;
}

#[tokio::test]
async fn a_spoilt_day_that_the_next_payout_day_takes_over_is_incomplete_and_paid_in_the_next_batch() {
    let world = two_due_professionals().await;
    world.down(Provider::Stripe);
    world.pay_day().await;
    world.next_payout_morning();
    world.tick().await;
    let batch = world.batch(TUESDAY).await;
    assert_eq!(
        (&batch["status"], &batch["professionals_left"]),
        (&json!("incomplete"), &json!(2)),
        "{batch:#}"
    );
    world.all_well();
    world.pay_day().await;
    assert_eq!(world.batch(FRIDAY).await["status"], "completed");
    assert_eq!(world.transfers().len(), 2);
    let ends = announced_ends(&world).await;
    let expected = ["payout.batch_completed", "payout.batch_incomplete"].map(|kind| (kind.to_owned(), 1));
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn a_batch_whose_transfers_stripe_refused_is_incomplete_and_says_so_once() {
    let world = two_due_professionals().await;
    world.inject_stripe_fault(Operation::CreateTransfer, "stored:400", None);
    // The first run leaves both professionals for the next one, which finds nothing more to try.
    world.pay_day().await;
    assert_eq!(world.batch(TUESDAY).await["status"], "processing");
    for tick in 0..3 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
        let batch = world.batch(TUESDAY).await;
        let state = (&batch["status"], &batch["reason"], &batch["counts"]["rejected"]);
        let expected = (&json!("incomplete"), &json!("transfers_refused"), &json!(2));
        assert_eq!(state, expected, "tick {tick}: {batch:#}");
    }
    assert_eq!(announced_ends(&world).await, [("payout.batch_incomplete".to_owned(), 1)]);
    let operations = world.read_operations().await;
    assert_eq!(operations["refused"]["count"], 2, "{operations:#}");
    for row in operations["refused"]["data"].as_array().unwrap() {
        assert_eq!((&row["what"], &row["waits_for"]), (&json!("effect_refused"), &json!("schedule")));
        assert!(row["message"].as_str().unwrap().contains("next payout day"), "{row:#}");
        assert_eq!((&row["amount"], &row["consequence"]), (&json!(8_500), &json!("share_not_transferred")));
    }
    assert_eq!(gauges(&world).await["open_refusals"], 2);
    world.all_well();
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!((world.transfers().len(), gauges(&world).await["open_refusals"].clone()), (2, json!(0)));
}

#[tokio::test]
async fn a_transfer_refused_for_a_low_balance_is_made_an_hour_later_on_the_same_day() {
    let world = World::with_bus().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job { names_charge: false, ..Job::of(&world, "user_p") }).await;
    let stripe = world.service.sandbox.stripe.clone();
    stripe.set_balance("usd", 50_000);
    let drained = stripe.clone();
    world.service.sandbox.faults.intercept(std::sync::Arc::new(move |_, operation| {
        if operation == Operation::CreateTransfer {
            drained.set_balance("usd", 10);
        }
        None
    }));
    world.pay_day().await;
    world.service.sandbox.faults.stop_intercepting();
    world.advance(Duration::minutes(10));
    world.pay_day().await;
    let batch = world.batch(TUESDAY).await;
    assert_eq!(
        (&batch["status"], &batch["reason"]),
        (&json!("waiting"), &json!("balance_insufficient")),
        "{batch:#}"
    );
    let entry = world.entry(TUESDAY, booking).await;
    assert!(entry["message"].as_str().unwrap().contains("every hour"), "{entry:#}");
    let row = world.refused_one().await;
    assert_eq!(row["waits_for"], "schedule", "{row:#}");
    assert!(row["message"].as_str().unwrap().contains("top the balance up"), "{row:#}");
    stripe.set_balance("usd", 50_000);
    for _ in 0..4 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
        assert!(world.transfers().is_empty(), "not before an hour has passed");
    }
    world.advance(Duration::minutes(15));
    world.tick().await;
    assert_eq!(world.transfers().len(), 1);
    world.settle().await;
    world.advance(Duration::minutes(6));
    world.tick().await;
    assert_eq!(world.batch(TUESDAY).await["status"], "completed");
    assert_eq!(announced_ends(&world).await, [("payout.batch_completed".to_owned(), 1)]);
}

#[tokio::test]
async fn what_a_person_has_to_correct_waits_for_a_run_that_a_person_starts() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "refused:400:resource_missing", Some(1));
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["reason"], "resource_missing");
    world.next_payout_morning();
    world.pay_day().await;
    assert!(world.transfers().is_empty(), "the next payout day would be refused too");
    let entry = world.entry(FRIDAY, booking).await;
    assert_eq!(
        (&entry["status"], &entry["reason"]),
        (&json!("skipped"), &json!("transfer_refused")),
        "{entry:#}"
    );
    let row = world.refused_one().await;
    assert_eq!(row["waits_for"], "person", "{row:#}");
    assert!(row["message"].as_str().unwrap().contains("payout run by hand"), "{row:#}");
    world.process(shared::domain::kernel::account::Role::Provider, false).await;
    assert_eq!(world.transfers().len(), 1);
    assert_eq!(world.refused().await.len(), 0);
}

#[tokio::test]
async fn a_payout_day_without_any_run_is_counted_once_the_day_is_over_and_made_up_by_a_late_run() {
    let world = two_due_professionals().await;
    let tuesday = world.now();
    world.advance(Duration::hours(6));
    assert_eq!(gauges(&world).await["unpaid_and_due"], 0, "the day is not over");
    world.advance(Duration::days(1));
    assert_eq!(gauges(&world).await["unpaid_and_due"], 2);
    assert_eq!(waiting(&world, "professional").await.len(), 2);
    // The planned time is the Tuesday's, so the late run pays its batch.
    world.service.fire("payouts", support::payees::PAYOUTS, tuesday).await;
    assert_eq!(world.transfers().len(), 2);
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(2)), "{batch:#}");
    assert_eq!(gauges(&world).await["unpaid_and_due"], 0);
}
