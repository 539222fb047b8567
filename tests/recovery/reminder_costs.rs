//! The cost of a tick, counted in requests and never in time.

use std::collections::BTreeMap;

use chrono::Duration;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::world::{COMPANY, World};

/// Requests by name, those of the table and those of Whop.
type Cost = BTreeMap<String, u64>;

async fn cost_of_a_tick(world: &World) -> Cost {
    let service = &world.service;
    service.dynamo.reset_requests();
    service.sandbox.whop.reset_requests();
    world.tick().await;
    let mut cost = service.sandbox.whop.requests();
    for request in service.dynamo.requests() {
        *cost.entry(request.operation).or_default() += 1;
    }
    cost
}

fn cost(parts: &[(&str, u64)]) -> Cost {
    parts.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
}

#[tokio::test]
async fn a_tick_with_nothing_due_costs_fifteen_reads_and_one_write_whatever_there_is() {
    let nothing_due = idle();
    for (companies, cases) in [(1, 0), (1, 5), (1, 200), (20, 1), (20, 10)] {
        let world = World::start().await;
        for company in 0..companies {
            world.add_reminding(&format!("biz_{company}"), &[5]).await;
            world.open_cases(&format!("biz_{company}"), cases).await;
        }
        world.settle().await;
        assert_eq!(cost_of_a_tick(&world).await, nothing_due, "{companies} companies, {cases} cases each");
    }
}

/// The requests of a run with nothing due: the switches, the due rows and the row of the run; for the gauges of what waits five
/// lists, the due professionals; and the state of all jobs.
fn idle() -> Cost {
    cost(&[("Query", 5 + 5 + 4 + 2), ("BatchGetItem", 1), ("UpdateItem", 1)])
}

/// The requests of one more due reminder, with both channels and no free days.
fn reminder() -> Cost {
    cost(&[
        ("GetItem", 1),
        // Whether an event reported that the member bought the product again.
        ("Query", 1),
        ("TransactWriteItems", 1),
        ("UpdateItem", 4),
        ("access", 1),
        ("dm_channels", 1),
        // Whether collection is paused, which the dated shape of a membership does not contain, and whether
        // the product was bought again without an event.
        ("list_memberships", 2),
        ("memberships", 1),
        ("messages", 1),
        ("notifications", 1),
    ])
}

/// The requests of one more company in the first tick that processes it, and in a later one.
fn company(first_time: bool) -> Cost {
    let mut parts = vec![("BatchGetItem", 1)];
    // A run that found something is added to its hour.
    parts.push(("GetItem", 1));
    if first_time {
        parts.extend([("TransactWriteItems", 1), ("experiences", 1)]);
    }
    cost(&parts)
}

fn sum(parts: &[(u64, Cost)]) -> Cost {
    let mut total = idle();
    // How many were delivered in time.
    *total.entry("UpdateItem".to_owned()).or_default() += 1;
    for (times, part) in parts {
        for (name, count) in part {
            *total.entry(name.clone()).or_default() += times * count;
        }
    }
    total
}

#[tokio::test]
async fn a_due_reminder_costs_the_same_for_the_first_case_and_the_thirtieth() {
    for cases in [1, 2, 30] {
        let world = World::start().await;
        world.add_reminding(COMPANY, &[0]).await;
        world.open_cases(COMPANY, cases).await;
        let found = cost_of_a_tick(&world).await;
        assert_eq!(found, sum(&[(cases as u64, reminder()), (1, company(true))]), "{cases} cases");
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (cases, cases));
    }
}

#[tokio::test]
async fn a_company_that_is_known_costs_one_read_in_a_tick() {
    let world = World::start().await;
    world.add_reminding(COMPANY, &[0]).await;
    world.open_cases(COMPANY, 3).await;
    world.pass(&[Duration::minutes(1)]).await;
    world.open_cases(COMPANY, 1).await;
    assert_eq!(cost_of_a_tick(&world).await, sum(&[(1, reminder()), (1, company(false))]));
}

#[tokio::test]
async fn reminders_go_out_side_by_side_and_never_more_than_the_bound() {
    for (companies, cases, at_once) in [(1, 12, 4), (3, 4, 12), (20, 3, 32)] {
        let world = World::start().await;
        for company in 0..companies {
            world.add_reminding(&format!("biz_{company}"), &[0]).await;
        }
        for company in 0..companies {
            world.open_cases(&format!("biz_{company}"), cases).await;
        }
        // Slow enough that calls made side by side are seen side by side.
        world.inject_fault(Operation::Memberships, "slow:40", None, None);
        world.service.sandbox.faults.stop_intercepting();
        world.tick().await;
        let most = world.service.sandbox.faults.most_at_once();
        assert!(
            most <= at_once && most > at_once / 2,
            "{companies} companies with {cases} cases: {most} at once, the bound is {at_once}"
        );
        assert_eq!(world.sent(Kind::Push), companies * cases);
    }
}

/// The requests of one request to the table and to Stripe.
async fn cost_of_stripes_event(world: &World, body: &str) -> Cost {
    let service = &world.service;
    service.dynamo.reset_requests();
    service.sandbox.stripe.reset_requests();
    assert_eq!(world.deliver_stripe_text(body).await["outcome"], "applied", "{body}");
    let mut cost = service.sandbox.stripe.requests();
    for request in service.dynamo.requests() {
        *cost.entry(request.operation).or_default() += 1;
    }
    cost
}

#[tokio::test]
async fn an_event_of_a_booking_costs_one_read_and_one_transaction_beside_the_limit() {
    let usual = cost(&[("GetItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 1)]);
    // Once a minute, a process writes how many it accepted: with the first one here.
    let mut expected = cost(&[("GetItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 2)]);
    let world = World::start().await;
    let (_, payment) = world.add_booking("1").await;
    let stripe = &world.service.sandbox.stripe;
    stripe.authorize(&payment);
    stripe.capture_outside(&payment);
    stripe.refund(&payment, 2_500);
    let silent = ["payment_intent.created", "charge.captured", "refund.created"];
    for stripe_event in
        stripe.events().into_iter().filter(|stripe_event| !silent.contains(&stripe_event.kind.as_str()))
    {
        let spent = cost_of_stripes_event(&world, &stripe_event.body).await;
        assert_eq!(spent, expected, "{}", stripe_event.kind);
        expected.clone_from(&usual);
    }
    // A dispute names its payment only: finding the owner is one more read.
    let before = stripe.events().len();
    stripe.open_dispute(&payment);
    let found = cost(&[("GetItem", 2), ("TransactWriteItems", 1), ("UpdateItem", 1)]);
    for stripe_event in &stripe.events()[before..] {
        assert_eq!(cost_of_stripes_event(&world, &stripe_event.body).await, found, "{}", stripe_event.kind);
    }
}
