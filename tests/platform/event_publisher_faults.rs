//! Faults between the table and the event bus: every entry is published, and nothing else.

use chrono::Duration;
use local::service::TABLE;
use serde_json::{Value, json};
use shared::store::company::AuditEntry;

use support::event_bus::{PAUSES, PUBLISH};
use support::injected_fault::{FAULT_POINTS, InjectedFault};
use support::world::{COMPANY, World};

/// Two requests to the bus.
const ENTRIES: usize = 12;

async fn prepared() -> World {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, ENTRIES).await;
    world
}

/// Runs until nothing waits any more.
async fn settle(world: &World) {
    for _ in 0..10 {
        if world.publish().await["due"] == 0 && world.unpublished().await.is_empty() {
            return;
        }
        world.advance(PAUSES);
    }
    panic!("never at rest");
}

#[tokio::test]
async fn a_run_survives_a_fault_at_every_request() {
    let (mut runs, mut twice) = (0, 0);
    for fault in FAULT_POINTS {
        for call in 1.. {
            let context = format!("{fault:?} at call {call}");
            let mut world = prepared().await;
            let injected_fault = InjectedFault::at(&world, fault, call);
            let was_injected =
                injected_fault.during(world.service.fire("event-publisher", PUBLISH, world.now())).await;
            world.restart_with_bus().await;
            world.advance(PAUSES);
            settle(&world).await;
            let again = world.check_published(&context).await;
            assert!(was_injected || again == 0, "{context}: {again} published twice without a fault");
            (runs, twice) = (runs + 1, twice + again);
            if !was_injected {
                break;
            }
        }
    }
    eprintln!("events: {runs} runs, {twice} entries published twice under one id");
    assert!(twice > 0, "some of them died between the bus and the table");
}

#[tokio::test]
async fn two_concurrent_runs_publish_everything_and_nothing_else() {
    for entries in [1, 10, 45] {
        let world = World::with_bus().await;
        world.add_entries(COMPANY, entries).await;
        let (one, other) = tokio::join!(world.publish(), world.publish());
        for report in [&one, &other] {
            assert_eq!(report["failed"], 0, "{report}");
        }
        assert!(world.check_published(&format!("{entries} entries")).await <= entries);
    }
}

#[tokio::test]
async fn a_late_or_repeated_run_continues_the_first() {
    let world = prepared().await;
    let planned = world.now();
    world.publish().await;
    world.advance(Duration::hours(5));
    world.service.fire("event-publisher", PUBLISH, planned).await;
    assert_eq!(world.check_published("a late delivery").await, 0);
}

#[tokio::test]
async fn after_a_days_outage_the_bus_gets_everything() {
    let world = prepared().await;
    world.inject_bus_fault("status:500", None, None);
    let began_at = world.now();
    for _ in 0..144 {
        world.service.dynamo.reset_requests();
        let report = world.publish().await;
        assert_eq!(report["done"], 0, "{report}");
        let waited = (world.now() - began_at).num_seconds();
        assert_eq!(report["oldest_unsent_seconds"], waited, "{report}");
        let requests = world.service.dynamo.requests();
        assert!(requests.len() <= 4 + 2 + ENTRIES + 2, "{} requests", requests.len());
        world.advance(Duration::minutes(10));
    }
    assert_eq!(world.unpublished().await.len(), ENTRIES);
    let asked = world.asked_bus();
    assert!(asked < 2 * 144, "postponed entries are not sent: {asked}");
    world.all_well();
    world.advance(PAUSES);
    let report = world.publish().await;
    assert_eq!((&report["done"], &report["oldest_unsent_seconds"]), (&json!(ENTRIES), &json!(0)));
    assert_eq!(world.check_published("after a day").await, 0);
}

#[tokio::test]
async fn after_a_lost_answer_an_event_is_published_again_under_the_same_id() {
    for kind in ["drop_after", "error_after:500", "drop_before", "status:429", "status:403"] {
        let world = World::with_bus().await;
        world.add_entries(COMPANY, 3).await;
        world.inject_bus_fault(kind, Some(1), None);
        let report = world.publish().await;
        assert_eq!((&report["failed"], &report["done"]), (&json!(3), &json!(0)), "{kind}: {report}");
        assert_eq!(world.publish().await["due"], 0, "{kind}: they wait for a minute");
        world.advance(Duration::minutes(1));
        assert_eq!(world.publish().await["done"], 3, "{kind}");
        let twice = world.check_published(kind).await;
        assert_eq!(twice, if kind.contains("after") { 3 } else { 0 }, "{kind}");
    }
}

#[tokio::test]
async fn after_three_unanswered_requests_the_rest_waits_for_the_next_minute() {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, 90).await;
    world.inject_bus_fault("status:500", None, None);
    let report = world.publish().await;
    assert_eq!((&report["due"], &report["more"]), (&json!(90), &json!(true)), "{report}");
    assert!((3..=6).contains(&world.asked_bus()), "{} requests", world.asked_bus());
    let left = report["skipped"].as_u64().unwrap();
    assert_eq!(left + report["failed"].as_u64().unwrap(), 90, "{report}");
    world.all_well();
    assert_eq!(world.publish().await["done"], left, "what was not tried is not put off");
    world.advance(PAUSES);
    settle(&world).await;
    assert_eq!(world.check_published("after the outage").await, 0);
}

#[tokio::test]
async fn entries_that_are_refused_wait_and_the_others_of_the_same_request_are_taken() {
    let world = World::with_bus().await;
    world.add_company("biz_beta", "user_beta", true);
    for _ in 0..3 {
        world.add_entries(COMPANY, 1).await;
        world.add_entries("biz_beta", 1).await;
    }
    world.inject_bus_fault("status:500", Some(3), Some("biz_beta"));
    let report = world.publish().await;
    assert_eq!((&report["done"], &report["failed"]), (&json!(3), &json!(3)), "{report}");
    assert_eq!(world.asked_bus(), 1);
    assert!(world.received().iter().all(|received| received.detail["company_id"] == COMPANY));
    world.advance(Duration::minutes(1));
    assert_eq!(world.publish().await["done"], 3);
    assert_eq!(world.check_published("refused once").await, 0);
}

/// A row in the queue that this version would not write.
fn unreadable_row(world: &World, kind: Option<&str>) -> Value {
    let at = shared::domain::kernel::time::format(world.now());
    let text = |text: &str| json!({"S": text});
    let mut row = json!({
        "pk": text(&format!("AUDIT#{COMPANY}")), "sk": text(&format!("{at}#strange")),
        "at": text(&at), "subject": text("x"), "cause": text("x"),
        "due_shard": text("events#0"), "due_at": text(&at),
    });
    if let Some(kind) = kind {
        row["kind"] = text(kind);
    }
    row
}

/// An entry that cannot be published is retried with growing delays, and blocks no other.
async fn check_others_are_published(world: &World, context: &str) {
    world.add_entries(COMPANY, ENTRIES).await;
    let report = world.publish().await;
    assert_eq!((&report["done"], &report["failed"]), (&json!(ENTRIES), &json!(1)), "{context}: {report}");
    for minutes in [1, 2, 4, 8, 15, 15, 15] {
        assert_eq!(world.publish().await["due"], 0, "{context}");
        world.advance(Duration::minutes(minutes));
        let report = world.publish().await;
        assert_eq!((&report["due"], &report["failed"]), (&json!(1), &json!(1)), "{context}: {report}");
    }
    let oldest = world.publish().await["oldest_unsent_seconds"].clone();
    assert_eq!(oldest, 60 * 60, "{context}: it is seen to wait, and does not hide behind its pause");
    assert_eq!((world.unpublished().await.len(), world.received().len()), (1, ENTRIES), "{context}");
}

#[tokio::test]
async fn an_oversized_entry_is_never_sent_and_blocks_no_other() {
    let world = World::with_bus().await;
    let entry = AuditEntry {
        at: world.now(),
        kind: "case.opened".to_owned(),
        subject: "x".repeat(300_000),
        cause: "test".to_owned(),
        source: None,
        detail: None,
    };
    let company = world.company(COMPANY);
    let write = company.audit(&entry, "large").unwrap();
    company.store().commit(world.service.app.ids.next(), vec![write]).await.unwrap();
    check_others_are_published(&world, "too large").await;
}

#[tokio::test]
async fn an_unreadable_entry_is_kept_and_blocks_no_other() {
    let world = World::with_bus().await;
    world.service.dynamo.put_rows(TABLE, &[unreadable_row(&world, None)]);
    check_others_are_published(&world, "unreadable").await;
}

#[tokio::test]
async fn an_entry_that_makes_its_batch_fail_is_isolated_and_the_others_published() {
    let world = World::with_bus().await;
    world.service.dynamo.put_rows(TABLE, &[unreadable_row(&world, Some(&"case.".repeat(40)))]);
    check_others_are_published(&world, "refused with its request").await;
}

#[tokio::test]
async fn a_backlog_beyond_one_run_is_published_by_the_next() {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, 4_030).await;
    let report = world.publish().await;
    let counts = [&report["due"], &report["done"], &report["skipped"], &report["more"]];
    assert_eq!(counts, [&json!(4_030), &json!(4_000), &json!(30), &json!(true)], "{report}");
    let report = world.publish().await;
    assert_eq!((&report["done"], &report["more"]), (&json!(30), &json!(false)), "{report}");
    assert_eq!(world.check_published("a backlog").await, 0);
}
