//! Faults at each operation of Whop, of each kind, once and for most of a day.

use std::time::{Duration as StdDuration, Instant};

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::exactly_once::LEASES;
use support::world::{COMPANY, World};

const OPERATIONS: [Operation; 7] = [
    Operation::Memberships,
    Operation::Access,
    Operation::Experiences,
    Operation::Notifications,
    Operation::DmChannels,
    Operation::Messages,
    Operation::Extend,
];

const KINDS: [&str; 10] = [
    "status:500",
    "status:503",
    "status:429",
    "status:401",
    "status:404",
    "status:400",
    "drop_before",
    "drop_after",
    "error_after:500",
    "slow:20",
];

/// How the steps of day 0 must end: free days, push and direct message, in this order.
fn expected(operation: Operation, kind: &str) -> [&'static str; 3] {
    let refused = matches!(kind, "status:400" | "status:404");
    let kept_waiting = matches!(kind, "status:429" | "status:401" | "slow:20");
    match operation {
        // Whop's word that there is no access, or that it will not say, is believed: that step has no push.
        Operation::Access | Operation::Experiences if kind == "status:404" => ["done", "absent", "done"],
        Operation::Notifications if refused => ["done", "rejected", "done"],
        Operation::Notifications if !kept_waiting => ["done", "unknown", "done"],
        Operation::DmChannels if refused => ["done", "done", "rejected"],
        Operation::Messages if refused => ["done", "done", "rejected"],
        Operation::Messages if !kept_waiting => ["done", "done", "unknown"],
        Operation::Extend if refused => ["rejected", "done", "done"],
        _ => ["done", "done", "done"],
    }
}

/// A member who has just failed to pay, at a company that grants three days and reminds thrice.
async fn failed() -> World {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2, 4]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world
}

/// Lets the rest of the fifteen days pass, and holds what came of them to the promise.
async fn actions_in_the_end(world: &World, context: &str) -> Vec<Value> {
    let (hour, day) = (Duration::hours(1), Duration::days(1));
    world.pass(&[LEASES, LEASES * 3, hour, hour * 7, day, hour, day, hour, day, hour, day, day * 11]).await;
    world.check_exactly_once(context).await;
    let case = world.case_of("mem_1").await;
    assert_eq!(case["status"], "exhausted", "{context}: {case:#}");
    world.actions(&case).await
}

fn status<'a>(actions: &'a [Value], operation: &str) -> &'a str {
    let found = actions.iter().find(|action| action["operation"] == operation);
    found.map_or("absent", |action| action["status"].as_str().unwrap())
}

async fn check(operation: Operation, kind: &str, times: Option<u32>, hours: i32) {
    let context = format!("{kind} at {operation:?} for {hours} hours");
    let world = failed().await;
    world.inject_fault(operation, kind, times, None);
    world.settle().await;
    for _ in 0..hours {
        world.pass(&[Duration::hours(1)]).await;
    }
    world.service.sandbox.faults.clear();
    let actions = actions_in_the_end(&world, &context).await;
    let ended = ["incentive", "reminder:00:push", "reminder:00:dm"].map(|step| status(&actions, step));
    assert_eq!(ended, expected(operation, kind), "{context}: {actions:#?}");
    for later in ["reminder:02:push", "reminder:02:dm", "reminder:04:push", "reminder:04:dm"] {
        assert_eq!(status(&actions, later), "done", "{context}: {actions:#?}");
    }
    let granted = world.sent(Kind::FreeDays);
    assert_eq!(granted, usize::from(ended[0] == "done"), "{context}");
}

#[tokio::test]
async fn a_moment_of_trouble_at_whop_neither_repeats_nor_forgets() {
    for operation in OPERATIONS {
        for kind in KINDS {
            check(operation, kind, Some(1), 0).await;
        }
    }
}

#[tokio::test]
async fn twenty_hours_of_trouble_at_whop_neither_repeat_nor_forget() {
    for operation in OPERATIONS {
        for kind in KINDS {
            check(operation, kind, None, 20).await;
        }
    }
}

#[tokio::test]
async fn a_refused_repetition_says_nothing_about_the_first_call() {
    for (first, days, ends) in [("drop_after", 1, "done"), ("drop_before", 0, "rejected")] {
        let world = failed().await;
        world.inject_fault(Operation::Extend, first, Some(1), None);
        world.inject_fault(Operation::Extend, "status:400", None, None);
        world.settle().await;
        let actions = actions_in_the_end(&world, first).await;
        assert_eq!((world.sent(Kind::FreeDays), status(&actions, "incentive")), (days, ends), "{first}");
    }
}

#[tokio::test]
async fn free_days_in_doubt_for_longer_than_a_key_lives_are_looked_up_and_not_granted_again() {
    for (first, days, ends) in [
        (Some("drop_after"), 1, "done"),
        // They certainly did not arrive, and the forgotten key protects nothing: they start over under the next.
        (Some("drop_before"), 1, "done"),
        // Nothing was ever sent, so there is nothing in doubt and they are granted in the end.
        (None, 1, "done"),
    ] {
        let context = format!("{first:?}, then thirty hours of 401");
        let world = failed().await;
        if let Some(first) = first {
            world.inject_fault(Operation::Extend, first, Some(1), None);
        }
        world.inject_fault(Operation::Extend, "status:401", None, None);
        world.settle().await;
        for _ in 0..30 {
            world.pass(&[Duration::hours(1)]).await;
        }
        world.service.sandbox.faults.clear();
        let actions = actions_in_the_end(&world, &context).await;
        assert_eq!((world.sent(Kind::FreeDays), status(&actions, "incentive")), (days, ends), "{context}");
        assert_eq!(status(&actions, "reminder:00:push"), "done", "{context}: {actions:#?}");
    }
}

#[tokio::test]
async fn free_days_are_not_taken_for_granted_because_the_renewal_moved_the_date() {
    let world = failed().await;
    world.inject_fault(Operation::Extend, "drop_before", Some(1), None);
    world.inject_fault(Operation::Extend, "status:401", None, None);
    world.settle().await;
    let renew = |membership: &mut stand_ins::whop::Membership| {
        membership.renewal_period_end += Duration::days(30);
    };
    world.service.sandbox.whop.change_membership("mem_1", renew);
    world.pass(&[Duration::hours(26), Duration::hours(6)]).await;
    let actions = world.actions(&world.case_of("mem_1").await).await;
    assert_eq!((world.sent(Kind::FreeDays), status(&actions, "incentive")), (0, "unknown"), "{actions:#?}");
}

#[tokio::test]
async fn a_push_that_outlasts_our_patience_is_in_doubt_and_not_sent_again() {
    let world = failed().await;
    world.inject_fault(Operation::Notifications, "slow:10300", Some(1), None);
    world.tick().await;
    let since = Instant::now();
    while world.sent(Kind::Push) == 0 {
        assert!(since.elapsed() < StdDuration::from_secs(10), "it never acted");
        tokio::time::sleep(StdDuration::from_millis(10)).await;
    }
    let actions = actions_in_the_end(&world, "slow").await;
    assert_eq!(status(&actions, "reminder:00:push"), "unknown", "{actions:#?}");
    assert_eq!(world.sent(Kind::Push), 3);
}
