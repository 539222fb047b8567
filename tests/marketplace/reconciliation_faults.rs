//! A reconciliation that is interrupted, refused, late or overloaded has the same result as one without
//! faults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::Duration;
use local::embedded::Failure;
use serde_json::{Value, json};
use shared::domain::platform::job::Occurrence;
use shared::domain::platform::job::RECONCILIATION_JOB;
use shared::reconciliation::ReconciliationLimits;
use shared::store::marketplace::reconciliation::FindingKind;
use stand_ins::fault::{FaultKind, Operation};

use support::booked::booking_id;
use support::injected_fault::{FAULT_POINTS, FaultPoint, InjectedFault};
use support::jobs_done::ACCOUNT;
use support::world::World;

/// Longer ago than Stripe lists events of.
const LONG_AGO: Duration = Duration::days(31);

/// A day with every kind of change, in the past. None of its events was delivered.
async fn a_mixed_day(ago: Duration) -> World {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.transfer_share(&job, 8_500).await;
    world.reconcile().await;
    let stripe = &world.service.sandbox.stripe;
    stripe.reverse_transfer(&stripe.transfers()[0].id, 500);
    stripe.refund(&job.payment, 100);
    let missing = world.done_job("2", 4_000).await;
    world.note_payout(&missing, "tr_none", 3_400).await;
    stripe.transfer_outside(ACCOUNT, 700, "usd");
    world.paid_job("3", 900).await;
    world.advance(ago);
    world
}

#[easy_ext::ext(ReconciliationTroubleSteps)]
impl World {
    /// The next run, a second later: of two runs that begin at one instant neither is the newer.
    async fn reconcile_again(&self) -> Value {
        self.advance(Duration::seconds(1));
        self.reconcile_now().await
    }
}

async fn end_of(world: &World) -> (Vec<(FindingKind, i64)>, Value, String) {
    let mut finding_totals = world.finding_totals().await;
    finding_totals.sort();
    let cursor = world.store().reconciliation_cursor().await.unwrap();
    let runs = world.store().reconciliations(100, None).await.unwrap().0;
    // Every slice was reported by exactly one run, however many were interrupted.
    let mut total = shared::store::marketplace::reconciliation::Sums::default();
    runs.iter().for_each(|run| total.merge(&run.sums));
    assert_eq!(total, cursor.sums);
    let open = world.store().finding_totals().await.unwrap();
    let cash = world.cash().await;
    assert_eq!(cash.unexplained_amount(), 0, "{cash:?}");
    (finding_totals, json!(cursor.sums), format!("{open:?} {cash:?}"))
}

/// Injects every fault at every call of a run; after the next run the result is that of a run without faults.
async fn every_fault_leaves_the_same_end(ago: Duration, faults: &[FaultPoint]) {
    let expected = {
        let world = a_mixed_day(ago).await;
        world.reconcile_now().await;
        assert_eq!(world.newest_run().await.events_fetched > 0, ago < LONG_AGO);
        end_of(&world).await
    };
    let kinds = [FindingKind::TransferUnknown, FindingKind::TransferMissing];
    assert_eq!(expected.0.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), kinds);
    let mut runs = 0;
    for &fault in faults {
        for call in 1.. {
            let mut world = a_mixed_day(ago).await;
            let injected_fault = InjectedFault::at(&world, fault, call);
            let run = async {
                let now = world.now();
                world.service.fire("reconciliation", support::jobs_done::RECONCILE, now).await;
            };
            let was_injected = injected_fault.during(run).await;
            world.restart().await;
            world.reconcile_again().await;
            assert_eq!(end_of(&world).await, expected, "{fault:?} at call {call}");
            runs += 1;
            if !was_injected {
                break;
            }
        }
    }
    eprintln!("reconciliation of {} hours ago: {runs} runs", ago.num_hours());
}

#[tokio::test]
async fn a_fault_at_every_call_leaves_the_same_result() {
    // Stripe lists no events of it any more: everything is read off the lines.
    every_fault_leaves_the_same_end(LONG_AGO, &FAULT_POINTS).await;
}

#[tokio::test]
async fn a_fault_while_events_are_fetched_leaves_the_same_result() {
    let faults = [
        FaultPoint::DeathBefore,
        FaultPoint::DeathAfter,
        FaultPoint::Error(Failure::Conflict, 1),
        FaultPoint::DeathAfterCall,
    ];
    every_fault_leaves_the_same_end(Duration::hours(2), &faults).await;
}

/// A mixed day, and a partly refunded payment of another shop.
async fn a_day_with_unknown_clients() -> World {
    let world = a_mixed_day(LONG_AGO - Duration::days(2)).await;
    let other = world.open_payment(booking_id("of another shop"), BTreeMap::new()).await;
    let stripe = &world.service.sandbox.stripe;
    stripe.authorize(other.as_str());
    stripe.capture_outside(other.as_str());
    stripe.refund(other.as_str(), 300);
    world.advance(Duration::days(2));
    world
}

/// The run of one day, of which Stripe refuses one call, and the run after it; whether there was such a call.
async fn refused_once(world: &World, kind: &str, chosen: u64) -> bool {
    let (kind, was_injected): (FaultKind, _) = (kind.parse().unwrap(), Arc::new(AtomicBool::new(false)));
    let injected_fault = was_injected.clone();
    world.service.sandbox.faults.intercept(Arc::new(move |call, _| {
        injected_fault.fetch_or(call == chosen, Ordering::Relaxed);
        (call == chosen).then_some(kind)
    }));
    world.reconcile_now().await;
    world.service.sandbox.faults.stop_intercepting();
    world.reconcile_again().await;
    was_injected.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_look_up_that_is_refused_anywhere_is_made_up_for_by_the_next_run() {
    let world = a_day_with_unknown_clients().await;
    world.reconcile_now().await;
    world.reconcile_again().await;
    // The findings listed first had no counterpart in the ledger then, and the sums of a slice never change.
    let without_sums = |(finding_totals, _, cash): (Vec<_>, Value, String)| (finding_totals, cash);
    let expected = without_sums(end_of(&world).await);
    for kind in ["refused:400:url_invalid", "refused:403:account_closed", "refused:404:resource_missing"] {
        for call in 1.. {
            let world = a_day_with_unknown_clients().await;
            if !refused_once(&world, kind, call).await {
                assert!(call > 5, "{kind}: {call} calls");
                break;
            }
            assert_eq!(without_sums(end_of(&world).await), expected, "{kind} at call {call}");
        }
    }
}

#[tokio::test]
async fn a_payment_that_stripe_does_not_return_is_listed_and_blocks_no_other_line() {
    let world = a_day_with_unknown_clients().await;
    world.inject_stripe_fault(Operation::PaymentIntent, "refused:403:account_closed", None);
    for _ in 0..2 {
        let report = world.reconcile_again().await;
        let error = world.newest_run().await.error;
        assert_eq!((&report["more"], error.as_deref()), (&json!(false), Some("look_up_refused")));
        let unknown =
            world.finding_totals().await.iter().filter(|(kind, _)| *kind == FindingKind::LineUnknown).count();
        assert_eq!(unknown, 2, "a refund each of two payments");
    }
    world.all_well();
    world.reconcile_again().await;
    assert_eq!(world.newest_run().await.error, None);
    let (finding_totals, ..) = end_of(&world).await;
    assert!(finding_totals.iter().all(|(kind, _)| *kind != FindingKind::LineUnknown), "{finding_totals:?}");
}

#[tokio::test]
async fn stripe_that_does_not_answer_loses_nothing() {
    let world = a_mixed_day(LONG_AGO).await;
    world.inject_stripe_fault(Operation::BalanceTransactions, "status:500", None);
    let report = world.reconcile_now().await;
    assert_eq!(report["more"], true);
    assert!(world.newest_run().await.error.is_some());
    world.all_well();
    let report = world.reconcile_again().await;
    assert_eq!((&report["more"], world.newest_run().await.error), (&json!(false), None));
    end_of(&world).await;
}

#[tokio::test]
async fn a_flood_is_worked_off_over_several_runs_oldest_first() {
    let world = World::with_an_account().await;
    for minute in 0..250 {
        world.service.sandbox.stripe.set_balance("usd", 1_000_001 + minute);
        world.advance(Duration::minutes(1));
    }
    world.advance(Duration::hours(2));
    let (app, now) = (&world.service.app, world.now());
    let bounds =
        ReconciliationLimits { pages_per_slice: 1, pages_per_run: 4, ..ReconciliationLimits::default() };
    let occurrence = Occurrence::of(RECONCILIATION_JOB, None, Duration::days(1), now);
    let (mut runs, mut until) = (0, None);
    loop {
        let report = app.reconciler(app.store().unwrap()).run(&occurrence, bounds).await.unwrap();
        let cursor = world.store().reconciliation_cursor().await.unwrap();
        assert!(cursor.lines_from >= until, "the oldest first");
        (runs, until) = (runs + 1, cursor.lines_from);
        if !report.more {
            break;
        }
        assert!(runs < 50, "never completes");
    }
    assert!(runs > 2, "{runs} runs");
    let cursor = world.store().reconciliation_cursor().await.unwrap();
    let sum = cursor.sums.0["usd"]["topup"];
    assert_eq!((sum.lines, sum.stripe_amount), (251, 1_000_250));
}

#[tokio::test]
async fn nothing_new_costs_the_same_however_much_there_is() {
    let mut costs = Vec::new();
    for jobs in [1, 12] {
        let world = World::with_an_account().await;
        for job in 0..jobs {
            world.done_job(&job.to_string(), 1_000).await;
        }
        world.reconcile().await;
        world.advance(Duration::hours(3));
        world.service.dynamo.reset_requests();
        world.service.sandbox.stripe.reset_requests();
        world.reconcile_now().await;
        let requests = world.service.dynamo.requests();
        costs.push((requests.len(), world.service.sandbox.stripe.requests()));
    }
    assert_eq!(costs[0], costs[1]);
    let stripe = [("balance_transactions".to_owned(), 2), ("events".to_owned(), 1)];
    assert_eq!(costs[0].1, stripe.into());
    assert_eq!(costs[0].0, 11, "requests to the table");
}

#[tokio::test]
async fn a_hundred_lines_cost_one_reading_of_the_books() {
    let mut costs = Vec::new();
    for jobs in [10, 60] {
        let world = World::with_an_account().await;
        world.reconcile().await;
        for job in 0..jobs {
            world.done_job(&job.to_string(), 1_000).await;
        }
        world.service.deliver_stripe_events().await;
        world.advance(Duration::hours(2));
        world.service.dynamo.reset_requests();
        world.service.sandbox.stripe.reset_requests();
        world.reconcile_now().await;
        assert_eq!(world.newest_run().await.explained, jobs);
        let reads = world.service.dynamo.requests();
        costs.push(reads.iter().filter(|request| request.operation == "BatchGetItem").count());
    }
    // One request for the lines and the known events of each hundred, and one for the findings.
    assert!(costs[1] <= costs[0] + 2, "{costs:?}");
}
