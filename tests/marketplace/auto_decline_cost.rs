//! The cost of declining: counted requests, and time on a simulated clock.

use std::collections::BTreeMap;
use std::time::Duration as StdDuration;

use chrono::Duration;
use serde_json::json;
use stand_ins::fault::Operation;
use stand_ins::outbox::Provider;
use tokio::time::Instant;

use support::unanswered::{Market, NewBooking};
use support::world::COMPANY;

type Cost = BTreeMap<String, u64>;

fn cost(parts: &[(&str, u64)]) -> Cost {
    parts.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
}

fn forget(market: &Market) {
    let service = &market.world.service;
    service.dynamo.reset_requests();
    service.sandbox.stripe.reset_requests();
    service.sandbox.resend.reset_requests();
}

fn spent(market: &Market) -> Cost {
    let service = &market.world.service;
    let mut cost = service.sandbox.stripe.requests();
    cost.extend(service.sandbox.resend.requests());
    for request in service.dynamo.requests() {
        *cost.entry(request.operation).or_default() += 1;
    }
    cost
}

#[tokio::test]
async fn a_run_with_nothing_due_costs_five_reads_and_one_write_however_many_bookings_wait() {
    // The switches, once a run, and the four shards of the due index.
    let nothing_due = cost(&[("Query", 5), ("UpdateItem", 1)]);
    // The gauges of what waits: five lists, one of them in two indexes, the professionals, and the state of all jobs.
    let with_gauges = cost(&[("Query", 5 + 5 + 4 + 2), ("BatchGetItem", 1), ("UpdateItem", 1)]);
    for bookings in [0, 1, 150] {
        let market = Market::open().await;
        market.many_held(COMPANY, 0..bookings).await;
        market.world.advance(Duration::hours(23));
        forget(&market);
        market.sweep().await;
        assert_eq!(spent(&market), nothing_due, "{bookings} bookings");
        forget(&market);
        market.world.tick().await;
        assert_eq!(spent(&market), with_gauges, "{bookings} bookings");
    }
}

#[tokio::test]
async fn a_declined_booking_costs_eight_requests_for_the_first_and_for_the_sixtieth() {
    for bookings in [1, 2, 60] {
        let market = Market::open().await;
        market.many_held(COMPANY, 0..bookings).await;
        market.world.advance(Duration::hours(24));
        forget(&market);
        assert_eq!(market.sweep().await["declined"], bookings);
        let n = bookings as u64;
        let expected = [
            ("Query", 5),
            // The booking; the booking after the void; whether mail to its customer bounced; the hour that
            // counts the run.
            ("GetItem", 3 * n + 1),
            // The decision with the step that frees the money; its end with the mail.
            ("TransactWriteItems", 2 * n),
            // The claims of the step and of the mail, and the end of the mail; the run, and its objectives.
            ("UpdateItem", 3 * n + 2),
            ("cancel_payment_intent", n),
            ("emails", n),
        ];
        assert_eq!(spent(&market), cost(&expected), "{bookings} bookings");
    }
}

#[tokio::test]
async fn an_expired_booking_costs_five_requests_and_two_calls() {
    let market = Market::open().await;
    market.asked(1, NewBooking::default()).await;
    market.world.advance(Duration::hours(24));
    forget(&market);
    market.sweep().await;
    // The last read is of the hour that the run is added to.
    let parts = [("Query", 5), ("GetItem", 3), ("TransactWriteItems", 2), ("UpdateItem", 2)];
    let mut expected = cost(&parts);
    // Whether it was paid without our knowledge, and the end of its payment.
    expected.extend(["payment_intent", "cancel_payment_intent"].map(|call| (call.to_owned(), 1)));
    assert_eq!(spent(&market), expected);
}

/// Declines so many bookings with a table that takes 5 ms for a request and providers that take 80 ms for
/// a call. Only the clock is simulated: every request is made.
async fn simulated(bookings: usize) -> StdDuration {
    let market = Market::open().await;
    market.many_held(COMPANY, 0..bookings).await;
    market.world.advance(Duration::hours(24));
    market.world.service.dynamo.answer_within(StdDuration::from_millis(5));
    market.inject_fault(Provider::Stripe, Operation::Any, "slow:80", None, None);
    market.inject_fault(Provider::Resend, Operation::Any, "slow:80", None, None);
    let faults = &market.world.service.sandbox.faults;
    faults.stop_intercepting();
    let started = Instant::now();
    let report = market.sweep().await;
    let took = started.elapsed();
    let counts = ["declined", "failed", "skipped"].map(|name| report[name].clone());
    assert_eq!(counts, [bookings as u64, 0, 0].map(|count| json!(count)), "{report}");
    assert_eq!((&report["more"], market.counted()), (&json!(false), (bookings, bookings)), "{report}");
    assert!(faults.most_at_once() <= 16, "{} calls at once", faults.most_at_once());
    eprintln!("{bookings} bookings: {took:?} on the simulated clock");
    took
}

/// A run begins nothing new after this long.
const RUN_TIME: StdDuration = StdDuration::from_secs(240);

#[tokio::test(start_paused = true)]
async fn three_hundred_due_bookings_take_their_share_of_the_run_that_ten_thousand_fit_into() {
    assert!(simulated(300).await < RUN_TIME * 300 / 10_000);
}

#[tokio::test(start_paused = true)]
#[ignore = "every request of ten thousand bookings is made, which takes minutes"]
async fn ten_thousand_due_bookings_are_declined_in_one_run() {
    assert!(simulated(10_000).await < RUN_TIME);
}
