//! Which failures open a case, and which payments recover one: by the time of the event, not of its arrival.

use chrono::Duration;
use serde_json::json;

use support::world::{COMPANY, World, id_of, payment_failed, payment_succeeded};

fn days(days: f64) -> Duration {
    Duration::seconds((days * 86_400.0) as i64)
}

#[tokio::test]
async fn a_first_checkout_that_fails_opens_nothing() {
    let world = World::start().await;
    let at = world.now();
    let first = |reason: serde_json::Value, status: &str| {
        let mut event = payment_failed("mem_1", "pay_1", at);
        event["data"]["billing_reason"] = reason;
        event["data"]["membership"]["status"] = json!(status);
        event
    };
    let events = [
        first(json!("subscription_create"), "drafted"),
        first(json!("one_time"), "active"),
        first(json!("manual"), "active"),
        first(json!(null), "drafted"),
        first(json!(null), "trialing"),
    ];
    for (number, event) in events.into_iter().enumerate() {
        assert_eq!(world.deliver(&format!("msg_{number}"), event).await.ok()["outcome"], "applied");
    }
    assert_eq!(world.get("/api/dashboard/cases").await["data"], json!([]));
    assert_eq!(world.kpis().await["active_cases"], 0);
    for (number, reason) in
        ["subscription_cycle", "subscription_update", "subscription"].into_iter().enumerate()
    {
        let member = format!("mem_r{number}");
        let mut event = payment_failed(&member, "pay_9", at);
        event["data"]["billing_reason"] = json!(reason);
        world.deliver(&id_of(&event).replace("pay_9", reason), event).await.ok();
        assert_eq!(world.case_of(&member).await["status"], "open", "{reason}");
    }
}

#[tokio::test]
async fn a_success_recovers_until_the_fourteenth_day_has_passed() {
    for (after, status) in [(13.9, "recovered"), (14.0, "recovered"), (14.1, "lost")] {
        let world = World::start().await;
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        world.advance(days(after));
        world.succeed("mem_1", "pay_1", world.now()).await.ok();
        assert_eq!(world.case_of("mem_1").await["status"], status, "{after}");
        assert_eq!(world.kpis().await["recoveries"], i32::from(status == "recovered"), "{after}");
    }
}

#[tokio::test]
async fn a_success_counts_by_its_own_time_however_late_it_is_delivered() {
    for (after, before, then, revenue) in
        [(13.9, "exhausted", "recovered", 1_900), (14.1, "exhausted", "lost", 0)]
    {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        let failed_at = world.now();
        world.fail("mem_1", "pay_1", failed_at).await.ok();
        world.advance(days(16.0));
        world.settle().await;
        assert_eq!(world.case_of("mem_1").await["status"], before, "{after}");
        let event = payment_succeeded("mem_1", "pay_1", failed_at + days(after));
        world.deliver(&id_of(&event), event).await.ok();
        assert_eq!(world.case_of("mem_1").await["status"], then, "{after}");
        assert_eq!(world.kpis().await["recovered_revenue_cents"], revenue, "{after}");
    }
}

#[tokio::test]
async fn a_late_event_opens_the_case_at_the_time_of_the_failure() {
    let world = World::start().await;
    let failed_at = world.now() - days(3.0);
    world.succeed("mem_1", "pay_1", failed_at + days(1.0)).await.ok();
    world.fail("mem_1", "pay_1", failed_at).await.ok();
    let case = world.case_of("mem_1").await;
    assert_eq!(
        (&case["status"], &case["first_failure_at"]),
        (&json!("recovered"), &json!(shared::domain::kernel::time::format(failed_at)))
    );
}

#[tokio::test]
async fn a_case_whose_window_passed_unseen_is_closed_by_the_next_failure() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    // Every tick of these weeks is missed.
    world.advance(days(20.0));
    world.fail("mem_1", "pay_2", world.now()).await.ok();
    for _ in 0..3 {
        world.advance(Duration::minutes(5));
        world.settle().await;
    }
    let list = world.get("/api/dashboard/cases").await;
    let states: Vec<_> = list["data"].as_array().unwrap().iter().map(|case| &case["status"]).collect();
    assert_eq!(states, ["open", "exhausted"], "a membership has one open case");
    let timelines = world.rows_of("MEMBERSHIP#").await;
    assert_eq!(timelines[0]["timeline"].as_array().unwrap().len(), 2, "{timelines:?}");
}
