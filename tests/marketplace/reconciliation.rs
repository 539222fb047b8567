//! Stripe's money against our books: every cent is explained, backfilled or listed.

use chrono::Duration;
use serde_json::json;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::platform::effect::EffectStatus;
use shared::store::marketplace::reconciliation::{Cash, FindingKind};
use stand_ins::fault::Operation;

use support::jobs_done::ACCOUNT;
use support::world::World;

#[tokio::test]
async fn a_day_without_surprises_is_explained_to_the_cent() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    assert_eq!(world.transfer_share(&job, 8_500).await, EffectStatus::Done);
    let report = world.reconcile().await;
    assert_eq!(report["job"], "reconciliation");
    assert_eq!(
        (&report["failed"], &report["in_doubt"], &report["more"]),
        (&json!(0), &json!(0), &json!(false))
    );
    let run = world.newest_run().await;
    assert_eq!((run.lines, run.explained, run.backfilled, run.findings), (3, 3, 0, 0));
    let cash = Cash { stripe_amount: 1_500, books_amount: 1_500, ..Cash::default() };
    assert_eq!(world.cash().await, cash);
    let sums = &run.sums.0["usd"];
    let sum = |kind: &str| (sums[kind].stripe_amount, sums[kind].books_amount, sums[kind].fee_amount);
    assert_eq!(sum("charge"), (10_000, 10_000, 320));
    assert_eq!(sum("transfer"), (-8_500, -8_500, 0));
    assert_eq!(sum("topup"), (1_000_000, 1_000_000, 0), "the platform's own money is of no booking");
}

#[tokio::test]
async fn the_same_day_twice_adds_nothing_up_twice() {
    let world = World::with_an_account().await;
    world.done_job("1", 10_000).await;
    world.reconcile().await;
    let cursor = world.store().reconciliation_cursor().await.unwrap();
    let again = world.reconcile_now().await;
    assert_eq!((&again["done"], &again["failed"]), (&json!(0), &json!(0)));
    let after = world.store().reconciliation_cursor().await.unwrap();
    assert_eq!((&after.sums, after.lines_from), (&cursor.sums, cursor.lines_from));
    assert_eq!(world.cash().await.unexplained_amount(), 0);
}

#[tokio::test]
async fn two_runs_at_once_add_nothing_up_twice() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.transfer_share(&job, 8_500).await;
    world.paid_job("2", 3_000).await;
    world.service.sandbox.stripe.adjust_balance("usd", -77);
    world.advance(Duration::hours(2));
    tokio::join!(world.reconcile_now(), world.reconcile_now());
    let cursor = world.store().reconciliation_cursor().await.unwrap();
    assert_eq!(cursor.sums.0["usd"]["charge"].stripe_amount, 13_000);
    assert_eq!(cursor.sums.0["usd"]["charge"].lines, 2);
    assert_eq!(world.finding_totals().await, [(FindingKind::LineUnknown, -77)]);
    world.reconcile_now().await;
    assert_eq!(world.cash().await.unexplained_amount(), 0);
    let runs = world.store().reconciliations(10, None).await.unwrap().0;
    let charges: i64 =
        runs.iter().filter_map(|run| run.sums.0.get("usd")?.get("charge")).map(|sum| sum.stripe_amount).sum();
    assert_eq!(charges, 13_000, "each slice is reported by one run");
}

#[tokio::test]
async fn a_busy_week_is_reconciled_to_the_cent() {
    let world = World::with_an_account().await;
    let stripe = &world.service.sandbox.stripe;
    let day = Duration::days(1);
    let mut jobs = Vec::new();
    for (number, amount) in [10_000, 7_777, 3_333, 5_001, 12_345, 99, 8_000].into_iter().enumerate() {
        jobs.push(world.done_job(&format!("job-{number}"), amount).await);
        world.advance(Duration::hours(1));
    }
    let [plain, part, failed, won, lost, small, owing] = &jobs[..] else { panic!("seven jobs") };
    world.reconcile().await;
    assert_eq!(world.cash().await.unexplained_amount(), 0);

    stripe.refund(&part.payment, 1_111);
    stripe.refund(&failed.payment, 333);
    stripe.open_dispute(&won.payment);
    stripe.open_dispute(&lost.payment);
    world.transfer_share(plain, 8_500).await;
    world.transfer_share(owing, 6_800).await;
    world.advance(day);
    stripe.fail_refund(&failed.payment, 333);
    stripe.refund(&part.payment, 222);
    world.reconcile().await;
    assert_eq!(world.cash().await.unexplained_amount(), 0);

    stripe.close_dispute(&won.payment, true);
    stripe.close_dispute(&lost.payment, false);
    let transfers = stripe.transfers();
    stripe.reverse_transfer(&transfers[1].id, 800);
    world.advance(day);
    stripe.reverse_transfer(&transfers[1].id, 1_000);
    stripe.refund(&small.payment, 99);
    world.advance(day);
    world.reconcile().await;

    assert_eq!(world.finding_totals().await, []);
    let cash = world.cash().await;
    let (taken, back) = (10_000 + 7_777 + 3_333 + 5_001 + 12_345 + 99 + 8_000, 1_333 + 12_345 + 99);
    assert_eq!(cash.stripe_amount, taken - back - 8_500 - 6_800 + 1_800);
    assert_eq!((cash.books_amount, cash.unexplained_amount()), (cash.stripe_amount, 0));
    assert_eq!(world.booking_behind(part).await.amounts.refunded, 1_333);
    assert_eq!(world.booking_behind(failed).await.amounts.refunded, 0);
    assert_eq!(world.booking_behind(lost).await.amounts.lost, 12_345);
    assert_eq!(world.booking_behind(won).await.status, BookingStatus::Completed);
    assert_eq!(world.booking_behind(owing).await.amounts.reversed, 1_800);
}

#[tokio::test]
async fn events_that_are_too_old_are_replaced_by_balance_transactions() {
    let world = World::with_an_account().await;
    let stripe = &world.service.sandbox.stripe;
    let jobs = [world.done_job("1", 10_000).await, world.done_job("2", 6_000).await];
    world.transfer_share(&jobs[0], 8_500).await;
    world.reconcile().await;
    // No events of these are delivered, and Stripe lists events for thirty days only.
    stripe.reverse_transfer(&stripe.transfers()[0].id, 2_500);
    stripe.refund(&jobs[1].payment, 400);
    stripe.open_dispute(&jobs[1].payment);
    let taken = world.paid_job("3", 900).await;
    world.advance(Duration::days(32));

    let report = world.reconcile().await;
    assert_eq!(report["failed"], 1, "{report}");
    let run = world.newest_run().await;
    assert_eq!((run.events_fetched, run.backfilled, run.findings), (0, 3, 1));
    assert_eq!(world.booking_behind(&jobs[0]).await.amounts.reversed, 2_500);
    let disputed = world.booking_behind(&jobs[1]).await;
    assert_eq!((disputed.amounts.refunded, disputed.dispute_open), (400, true));
    assert_eq!(world.booking_behind(&taken).await.amounts.captured, 900);
    // The bank withdrew a whole payment of which a part was refunded: more than the ledger can record.
    assert_eq!(disputed.amounts.contested, 5_600);
    assert_eq!(world.finding_totals().await, [(FindingKind::AmountDiffers, -400)]);
    assert_eq!(world.cash().await.unexplained_amount(), 0);

    // It brings all of it back, and nothing differs any more.
    world.service.sandbox.stripe.close_dispute(&jobs[1].payment, true);
    world.advance(Duration::days(32));
    assert_eq!(world.reconcile().await["failed"], 0);
    let run = world.newest_run().await;
    assert_eq!((run.events_fetched, run.backfilled, run.closed), (0, 1, 1));
    assert_eq!((world.finding_totals().await, world.cash().await.unexplained_amount()), (vec![], 0));
}

#[tokio::test]
async fn in_any_order_a_dispute_above_the_rest_is_listed() {
    // By events, a dispute may arrive before the earlier refund; by balance transactions never.
    for received in
        [&["charge.dispute.created"][..], &["charge.refunded"], &["charge.dispute", "charge.refunded"], &[]]
    {
        let world = World::with_an_account().await;
        let job = world.done_job("1", 6_000).await;
        world.reconcile().await;
        world.service.sandbox.stripe.refund(&job.payment, 400);
        world.advance(Duration::hours(1));
        world.service.sandbox.stripe.open_dispute(&job.payment);
        for kind in received {
            let events = world.service.sandbox.stripe.undelivered_events();
            for event in events.into_iter().filter(|event| event.kind.starts_with(kind)) {
                assert!(world.service.deliver_stripe(&event.body).await.status().is_success());
            }
        }
        world.advance(Duration::days(32));
        world.reconcile().await;
        assert_eq!(world.finding_totals().await, [(FindingKind::AmountDiffers, -400)], "{received:?}");
        assert_eq!(world.cash().await.unexplained_amount(), 0, "{received:?}");
    }
}

#[tokio::test]
async fn a_transfer_in_doubt_is_listed_until_it_is_settled() {
    let world = World::with_an_account().await;
    let job = world.done_job("1", 10_000).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "drop_after", Some(1));
    assert_eq!(world.transfer_share(&job, 8_500).await, EffectStatus::Sending);
    let report = world.reconcile().await;
    assert_eq!((&report["failed"], &report["in_doubt"]), (&json!(0), &json!(1)));
    assert_eq!(world.finding_totals().await, [(FindingKind::TransferInDoubt, -8_500)]);
    assert_eq!(world.cash().await.unexplained_amount(), 0);

    assert_eq!(world.perform_payout(&job).await, EffectStatus::Done);
    let report = world.reconcile().await;
    assert_eq!(report["in_doubt"], 0, "{report}");
    assert_eq!((world.newest_run().await.closed, world.finding_totals().await), (1, vec![]));
    assert_eq!(world.cash().await.unexplained_amount(), 0);
    assert_eq!(world.service.sandbox.stripe.transfers().len(), 1);
    assert_eq!(world.service.sandbox.stripe.transfers()[0].destination, ACCOUNT);
}
