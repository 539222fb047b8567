//! Events whose owner is unknown: retried, set aside, listed, replayed.

use crate::webhooks_kept::WebhooksKeptSteps;
use chrono::{DateTime, Duration, Utc};
use http::Method;
use local::embedded::{Failure, Intervention};
use serde_json::{Value, json};
use shared::domain::kernel::time;
use stand_ins::fault::{FaultKind, Operation, Rule};
use stand_ins::outbox::Provider;

use support::dialects::{Dialect, EventKind, Spelling};
use support::world::{COMPANY, World, id_of, payment_failed};

/// A dispute that names an unknown payment.
pub fn of_unknown_owner(world: &World, member: &str) -> (String, Value) {
    let event = Dialect::Dated.event(Spelling::Dotted, EventKind::Disputed, member, world.now());
    (id_of(&event), event)
}

fn due_at(row: &Value) -> Option<DateTime<Utc>> {
    row["due_at"].as_str().map(|text| time::parse(text).unwrap())
}

#[tokio::test]
async fn an_event_of_an_unknown_owner_waits_longer_each_time_and_is_then_set_aside() {
    let world = World::start().await;
    let (id, event) = of_unknown_owner(&world, "1");
    assert_eq!(world.deliver(&id, event).await.ok()["outcome"], "kept");
    let began_at = world.now();
    let mut pauses = Vec::new();
    while let Some(due) = due_at(&world.kept_event().await) {
        assert_eq!(world.kept_event().await["reason"], "owner_unknown");
        pauses.push(due - world.now());
        world.service.sandbox.clock.set(due - Duration::seconds(1));
        assert_eq!(world.tick().await["due"], 0, "not before its time");
        world.advance(Duration::seconds(1));
        assert_eq!(world.tick().await["due"], 1);
        assert!(pauses.len() < 100, "it has to end");
    }
    assert!(pauses.is_sorted() && pauses[0] <= Duration::minutes(5), "{pauses:?}");
    assert!(pauses.last() <= Some(&Duration::hours(6)), "{pauses:?}");
    let waited = world.now() - began_at;
    assert!(waited > Duration::hours(24) && waited < Duration::days(4), "{waited}");
    let row = world.kept_event().await;
    assert_eq!((&row["status"], &row["reason"]), (&json!("set_aside"), &json!("owner_unknown")));
    assert!(row.get("expires_at").is_none(), "it stays until a person resolves it");
    assert_eq!(row["tries"], (pauses.len() + 1).to_string());
}

#[tokio::test]
async fn a_set_aside_event_is_listed_and_replayed_once_its_owner_is_known() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    let ids = set_three_aside(&world).await;

    let path = "/api/webhooks/events?limit=2";
    let first = world.operator(Method::GET, path).await.ok();
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.operator(Method::GET, &format!("{path}&cursor={cursor}")).await.ok();
    let pages = [first["data"].as_array().unwrap().as_slice(), second["data"].as_array().unwrap()].concat();
    let listed: Vec<_> = pages.iter().map(|event| event["event_id"].as_str().unwrap()).collect();
    assert_eq!(listed, ids);
    assert_eq!(second["next_cursor"], Value::Null);
    let event = &pages[0];
    assert_eq!(
        (&event["status"], &event["reason"], &event["replays"], &event["name"]),
        (&json!("set_aside"), &json!("owner_unknown"), &json!(0), &json!("dispute.created"))
    );
    assert_eq!(world.owner(Method::GET, path, None).await.status, 401, "an operator's business only");

    let replay = format!("/api/webhooks/events/{}/replay", ids[0]);
    assert_eq!(world.owner(Method::POST, &replay, None).await.status, 401);
    let again = world.operator(Method::POST, &replay).await.ok();
    assert_eq!((&again["status"], &again["replays"]), (&json!("pending"), &json!(1)), "nothing has changed");
    assert_eq!(world.operator(Method::POST, &replay).await.status, 409, "it is being tried");

    // The payment turns up, with its owner.
    let long_ago = world.now() - Duration::days(20);
    world.fail("mem_2", "pay_2", long_ago).await.ok();
    world.succeed("mem_2", "pay_2", long_ago + Duration::days(1)).await.ok();
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 1900);
    let replay = format!("/api/webhooks/events/{}/replay", ids[1]);
    let applied = world.operator(Method::POST, &replay).await.ok();
    assert_eq!((&applied["status"], &applied["replays"]), (&json!("applied"), &json!(1)));
    assert_eq!((&applied["reason"], &applied["event_id"]), (&Value::Null, &json!(ids[1])));
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 0, "the dispute counts");
    assert_eq!(world.operator(Method::POST, &replay).await.status, 409, "once is enough");
    let absent = world.operator(Method::POST, "/api/webhooks/events/msg_none/replay").await;
    assert_eq!(absent.status, 404);

    let rows = world.rows_of(&format!("EVENT#whop#{}", ids[1])).await;
    assert_eq!(
        (&rows[0]["replays"], &rows[0]["replayed_at"]),
        (&json!("1"), &json!(time::format(world.now())))
    );
    assert!(rows[0].get("expires_at").is_some() && rows[0].get("due_at").is_none(), "{rows:?}");
    let left = world.operator(Method::GET, path).await.ok();
    assert_eq!(left["data"].as_array().unwrap().len(), 1, "{left}");
}

/// Three disputes of unknown payments, a second apart, retried until they are set aside.
async fn set_three_aside(world: &World) -> Vec<String> {
    let mut ids = Vec::new();
    for member in ["1", "2", "3"] {
        let (id, event) = of_unknown_owner(world, member);
        world.deliver(&id, event).await.ok();
        ids.push(id);
        world.advance(Duration::seconds(1));
    }
    for _ in 0..20 {
        world.advance(Duration::hours(6));
        world.tick().await;
    }
    ids
}

#[tokio::test]
async fn an_event_without_a_company_waits_for_whops_answer() {
    let world = World::start().await;
    world.add_past_due(COMPANY, "mem_1");
    let kind: FaultKind = "status:503".parse().unwrap();
    let operation = Operation::Memberships;
    world.service.sandbox.faults.add(Rule {
        provider: Provider::Whop,
        operation,
        kind,
        times: None,
        company: None,
    });
    let failed_at = world.now();
    let event = Dialect::V2WithoutCompany.event(Spelling::Dotted, EventKind::Failed, "1", failed_at);
    assert_eq!(world.deliver_unnamed(&event).await.ok()["outcome"], "kept");
    world.advance(Duration::minutes(5));
    world.settle().await;
    assert_eq!(world.kept_event().await["status"], "pending");
    world.service.sandbox.faults.clear();
    world.advance(Duration::minutes(5));
    world.settle().await;
    let case = world.case_of("mem_1").await;
    assert_eq!(
        (&case["status"], &case["first_failure_at"]),
        (&json!("open"), &json!(time::format(failed_at)))
    );
}

#[tokio::test]
async fn an_event_has_the_reason_why_whop_named_no_company() {
    for (kind, reason) in [
        ("refused:403:forbidden", "look_up_refused"),
        ("refused:404:not_found", "owner_unknown"),
        ("status:503", "provider_did_not_answer"),
        ("status:429", "provider_did_not_answer"),
    ] {
        let world = World::start().await;
        world.add_past_due(COMPANY, "mem_1");
        let (provider, operation) = (Provider::Whop, Operation::Memberships);
        let rule = Rule { provider, operation, kind: kind.parse().unwrap(), times: None, company: None };
        world.service.sandbox.faults.add(rule);
        let event = Dialect::V2WithoutCompany.event(Spelling::Dotted, EventKind::Failed, "1", world.now());
        assert_eq!(world.deliver_unnamed(&event).await.ok()["outcome"], "kept");
        let kept = world.kept_event().await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!("pending"), &json!(reason)), "{kind}");
        for _ in 0..20 {
            world.advance(Duration::hours(6));
            world.tick().await;
        }
        let kept = world.kept_event().await;
        assert_eq!((&kept["status"], &kept["reason"]), (&json!("set_aside"), &json!(reason)), "{kind}");
    }
}

#[tokio::test]
async fn a_waiting_event_blocks_no_other() {
    let world = World::start().await;
    for member in 1..=8 {
        let (id, event) = of_unknown_owner(&world, &format!("unknown{member}"));
        world.deliver(&id, event).await.ok();
    }
    world.advance(Duration::seconds(1));
    world.break_table(&["TransactWriteItems"], Intervention::FailBefore(Failure::Throttled));
    let event = payment_failed("mem_1", "pay_1", world.now());
    assert_eq!(world.deliver(&id_of(&event), event).await.ok()["outcome"], "kept");
    world.service.dynamo.stop_intercepting();
    world.add_past_due(COMPANY, "mem_1");
    world.advance(Duration::minutes(5));
    world.tick().await;
    assert_eq!(world.case_of("mem_1").await["status"], "open", "by the very next tick");
}
