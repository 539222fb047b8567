//! Whop guarantees neither order nor single delivery: any order and any repetition have the same result.

use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use support::dialects::{Dialect, EventKind, Spelling};
use support::signing::Scheme;
use support::world::{COMPANY, World, beginning, id_of, payment};

/// An event: its id and its body; the time of arrival has no influence.
type Delivery = (String, Value);

fn at(days: f64) -> DateTime<Utc> {
    beginning() + Duration::seconds((days * 86_400.0) as i64)
}

/// A charge of `mem_1` in the current dialect.
fn charge(kind: &str, payment_id: &str, days: f64) -> Delivery {
    let event = payment(kind, COMPANY, "mem_1", payment_id, at(days));
    (id_of(&event), event)
}

/// Other events in the dated dialect: refunds and disputes name only `pay_1`.
fn dated(what: EventKind, days: f64) -> Delivery {
    let event = Dialect::Dated.event(Spelling::Dotted, what, "1", at(days));
    (id_of(&event), event)
}

fn failed(payment_id: &str, days: f64) -> Delivery {
    charge("payment.failed", payment_id, days)
}

fn paid(payment_id: &str, days: f64) -> Delivery {
    charge("payment.succeeded", payment_id, days)
}

/// The result after all deliveries and retries: the cases without their history, and the company's figures.
async fn end_of(deliveries: &[Delivery]) -> (Vec<Value>, Value) {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    for (id, event) in deliveries {
        world.deliver_signed(Scheme::Standard, id, event.to_string().as_bytes()).await.ok();
    }
    for _ in 0..4 {
        world.advance(Duration::minutes(10));
        world.settle().await;
    }
    for event in world.rows_of("EVENT#").await {
        assert_eq!(event["status"], "applied", "{event}");
    }
    let list = world.get("/api/dashboard/cases").await;
    let mut cases = list["data"].as_array().unwrap().clone();
    for case in &mut cases {
        for trace in ["case_id", "updated_at", "due_at", "attempts", "last_offset_days", "last_error"] {
            case.as_object_mut().unwrap().remove(trace);
        }
    }
    (cases, world.get("/api/dashboard/kpis?window=365").await)
}

fn permutations(deliveries: &[Delivery]) -> Vec<Vec<Delivery>> {
    let Some((first, rest)) = deliveries.split_first() else { return vec![Vec::new()] };
    let insert = |order: Vec<Delivery>| {
        (0..=order.len()).map(move |place| {
            let mut order = order.clone();
            order.insert(place, first.clone());
            order
        })
    };
    permutations(rest).into_iter().flat_map(insert).collect()
}

/// Tries every order, and compares the summary with the expected one.
async fn every_order_ends_in(deliveries: &[Delivery], states: &[&str], recoveries: i64, revenue: i64) {
    let expected = end_of(deliveries).await;
    let statuses: Vec<_> = expected.0.iter().map(|case| case["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, states, "{expected:?}");
    let kpis = &expected.1;
    assert_eq!(
        (&kpis["active_cases"], &kpis["recoveries"], &kpis["recovered_revenue_cents"]),
        (&json!(states.len()), &json!(recoveries), &json!(revenue))
    );
    for order in permutations(deliveries) {
        let names: Vec<_> = order.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(end_of(&order).await, expected, "{names:?}");
    }
}

#[tokio::test]
async fn a_recovery_with_a_refund_that_names_only_its_payment_ends_alike_in_every_order() {
    let deliveries = [
        failed("pay_1", -6.0),
        failed("pay_1", -5.0),
        paid("pay_1", -4.0),
        dated(EventKind::Valid, -4.01),
        dated(EventKind::Refunded, -3.0),
    ];
    every_order_ends_in(&deliveries, &["recovered"], 1, 1_350).await;
}

#[tokio::test]
async fn a_member_who_left_came_back_and_lost_a_dispute_ends_alike_in_every_order() {
    let deliveries = [
        failed("pay_0", -9.0),
        dated(EventKind::Ended, -5.0),
        paid("pay_1", -2.0),
        dated(EventKind::Disputed, -1.0),
        dated(EventKind::Refunded, -1.5),
    ];
    every_order_ends_in(&deliveries, &["recovered"], 1, 0).await;
}

#[tokio::test]
async fn a_dispute_that_was_won_ends_alike_in_every_order() {
    let deliveries = [
        failed("pay_1", -9.0),
        paid("pay_1", -8.0),
        dated(EventKind::Disputed, -3.0),
        dated(EventKind::Won, -1.0),
        failed("pay_2", -0.5),
    ];
    every_order_ends_in(&deliveries, &["open", "recovered"], 1, 1_900).await;
}

#[tokio::test]
async fn renewals_that_failed_one_after_the_other_end_alike_in_every_order() {
    let deliveries = [
        failed("pay_8", -40.0),
        failed("pay_8", -27.0),
        failed("pay_9", -20.0),
        paid("pay_9", -5.9),
        failed("pay_1", -3.0),
    ];
    every_order_ends_in(&deliveries, &["open", "lost", "exhausted"], 0, 0).await;
}

fn any_letters() -> impl Strategy<Value = Vec<Delivery>> {
    let pool = vec![
        failed("pay_1", -31.0),
        failed("pay_1", -28.5),
        failed("pay_2", -16.0),
        failed("pay_3", -1.5),
        paid("pay_1", -17.2),
        paid("pay_1", -16.9),
        paid("pay_2", -3.0),
        paid("pay_3", -1.5),
        dated(EventKind::Valid, -20.0),
        dated(EventKind::Ended, -15.0),
        dated(EventKind::Disputed, -2.0),
        dated(EventKind::Won, -1.0),
        dated(EventKind::Refunded, -0.5),
    ];
    // An event must name the payment, or its refund would wait for ever.
    subsequence(pool, 3..=5).prop_map(|deliveries| {
        let names_the_payment = deliveries.iter().any(|(_, event)| event["data"]["id"] == "pay_1");
        if names_the_payment { deliveries } else { [deliveries, vec![paid("pay_1", -16.9)]].concat() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_events_in_any_order_and_repeated_end_alike(
        (deliveries, order) in any_letters().prop_flat_map(|deliveries| {
            let repeated = [deliveries.clone(), deliveries.clone()].concat();
            (Just(deliveries), Just(repeated).prop_shuffle())
        }),
    ) {
        let runtime = Runtime::new().unwrap();
        let (expected, got) = runtime.block_on(async { (end_of(&deliveries).await, end_of(&order).await) });
        prop_assert_eq!(got, expected);
    }
}
