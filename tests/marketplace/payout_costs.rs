//! The cost of payouts: counted requests, limits, and time on a simulated clock.

use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

use chrono::Duration;
use serde_json::json;
use shared::domain::kernel::account::Role;
use stand_ins::fault::Operation;
use tokio::time::Instant;

use support::payees::TUESDAY;
use support::payees::{Job, LISTED};
use support::world::{COMPANY, World};

type Cost = BTreeMap<String, u64>;

fn cost(parts: &[(&str, u64)]) -> Cost {
    parts.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
}

/// The requests of a tick, to the table and to Stripe, by name.
async fn cost_of_a_tick(world: &World) -> Cost {
    let service = &world.service;
    service.dynamo.reset_requests();
    service.sandbox.stripe.reset_requests();
    world.pay_day().await;
    let mut cost = service.sandbox.stripe.requests();
    for request in service.dynamo.requests() {
        *cost.entry(request.operation).or_default() += 1;
    }
    cost
}

#[tokio::test]
async fn a_tick_with_nothing_due_costs_nine_reads_and_one_write_whatever_there_is() {
    let world = World::start().await;
    // The switches, once a run, and the four shards of each of two queues.
    let nothing_due = cost(&[("Query", 9), ("UpdateItem", 1)]);
    assert_eq!(cost_of_a_tick(&world).await, nothing_due);
    for n in 0..10 {
        let professional = format!("user_{n}");
        world.add_payee(COMPANY, &professional, "usd").await;
        for _ in 0..5 {
            world.add_job(&Job::of(&world, &professional)).await;
        }
    }
    world.advance(LISTED);
    world.pay_day().await;
    world.advance(Duration::minutes(10));
    assert_eq!(cost_of_a_tick(&world).await, nothing_due);
    world.advance(Duration::days(1));
    assert_eq!(cost_of_a_tick(&world).await, cost(&[]), "no payout day");
}

#[tokio::test]
async fn a_booking_costs_three_requests_and_a_twentieth_of_one_for_the_first_and_for_the_sixtieth() {
    for bookings in [1_u64, 2, 20, 21, 60] {
        let world = World::start().await;
        world.add_payee(COMPANY, "user_p", "usd").await;
        for _ in 0..bookings {
            world.add_job(&Job::of(&world, "user_p")).await;
        }
        let found = cost_of_a_tick(&world).await;
        let expected = [
            // The switches and the due professionals; the bookings, and those in dispute; the entries of the batch, and
            // who is left.
            ("Query", 9 + 2 + 1 + 4),
            // The professional, the batch at both ends, the last run; each booking once it is paid.
            ("GetItem", 4 + bookings),
            // The bookings; debt, approval and line.
            ("BatchGetItem", 2),
            // The claim, the release, the last run; the claim of each transfer.
            ("UpdateItem", 3 + bookings),
            // The batch at both ends; twenty decisions at once; the end of each transfer.
            ("TransactWriteItems", 2 + bookings.div_ceil(20) + bookings),
            ("account", 1),
            // Each is looked up first, because it is older than Stripe's storage of a key.
            ("transfers", bookings),
            ("create_transfer", bookings),
        ];
        assert_eq!(found, cost(&expected), "{bookings} bookings");
        assert_eq!(world.transfers().len() as u64, bookings);
    }
}

#[tokio::test]
async fn a_professional_with_many_bookings_is_paid_in_several_turns_of_limited_size() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    for _ in 0..430 {
        world.add_job(&Job::of(&world, "user_p")).await;
    }
    let dry = world.process(Role::Provider, true).await;
    assert_eq!((dry["transfers"].as_array().unwrap().len(), &dry["more"]), (400, &json!(true)));
    world.service.dynamo.reset_requests();
    let report = world.pay_day().await;
    assert_eq!((&report["due"], &report["done"], &report["more"]), (&json!(1), &json!(1), &json!(false)));
    assert_eq!(world.transfers().len(), 430);
    for request in world.service.dynamo.requests() {
        let is_page = request.index.as_deref() == Some("professional");
        let bounded = is_page || ["BatchGetItem", "TransactWriteItems"].contains(&request.operation.as_str());
        assert!(!bounded || request.item_count <= 100, "{request:?}");
    }
    world.check_books("many bookings").await;
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(430)));
    assert_eq!(batch["data"].as_array().unwrap().len(), 430, "page by page");
    world.next_payout_morning();
    world.pay_day().await;
    world.advance(Duration::minutes(10));
    assert_eq!(world.pay_day().await["due"], 0);
}

#[tokio::test]
async fn unpayable_bookings_do_not_block_others() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    for n in 0..230 {
        let completed_at = world.now() - Duration::hours(60) + Duration::seconds(n);
        world.add_job(&Job { completed_at, ..Job::of(&world, "user_p").priced(10_000, "eur") }).await;
    }
    world.add_job(&Job::of(&world, "user_p")).await;
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1, "behind 230 bookings in another currency");
    world.add_job(&Job::of(&world, "user_p")).await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2);
}

/// Pays so many bookings, ten of each professional, with a table that takes 5 ms for a request and a
/// Stripe that takes 80 ms for a call. Only the clock is simulated: every request is made.
async fn simulated(bookings: usize) -> StdDuration {
    let world = World::start().await;
    for n in 0..bookings / 10 {
        let professional = format!("user_{n}");
        world.add_payee(COMPANY, &professional, "usd").await;
        for _ in 0..10 {
            world.add_job(&Job::of(&world, &professional)).await;
        }
    }
    world.service.dynamo.answer_within(StdDuration::from_millis(5));
    world.inject_stripe_fault(Operation::Any, "slow:80", None);
    let faults = &world.service.sandbox.faults;
    faults.stop_intercepting();
    let started = Instant::now();
    let report = world.pay_day().await;
    let took = started.elapsed();
    assert_eq!((&report["failed"], &report["more"]), (&json!(0), &json!(false)), "{report}");
    assert_eq!(world.transfers().len(), bookings);
    assert!(faults.most_at_once() <= 16, "{} calls at once", faults.most_at_once());
    eprintln!("{bookings} bookings paid: {took:?} on the simulated clock");
    took
}

/// A run begins nothing new after this long.
const RUN_TIME: StdDuration = StdDuration::from_secs(240);

#[tokio::test(start_paused = true)]
async fn a_thousand_due_bookings_take_a_tenth_of_what_ten_thousand_may() {
    assert!(simulated(1_000).await < RUN_TIME / 10);
}

#[tokio::test(start_paused = true)]
#[ignore = "every request of ten thousand bookings is made, which takes minutes without optimization"]
async fn ten_thousand_due_bookings_are_paid_in_one_run() {
    assert!(simulated(10_000).await < RUN_TIME);
}
