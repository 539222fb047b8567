//! Events that cannot be applied and effects in doubt: what operations, the log and the gauges say at each step.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use support::log::Log;
use support::staff::{push_in_doubt, resolution};
use support::world::World;

use crate::webhooks_waiting::of_unknown_owner;

async fn waiting(world: &World, what: &str) -> Vec<Value> {
    let operations = world.read_operations().await;
    let rows = operations["waiting"]["data"].as_array().unwrap().iter();
    rows.filter(|row| row["what"] == what).cloned().collect()
}

/// The gauges that the next tick measures.
async fn gauges(world: &World) -> Value {
    let (log, guard) = Log::open();
    world.tick().await;
    drop(guard);
    log.lines_with("kept_events").pop().unwrap()
}

#[tokio::test]
async fn an_event_that_cannot_be_applied_is_listed_from_its_first_failure_until_its_replay_succeeds() {
    let world = World::start().await;
    let (id, event) = of_unknown_owner(&world, "1");
    world.deliver(&id, event).await.ok();
    let first = waiting(&world, "event").await;
    assert_eq!(first.len(), 1, "{first:#?}");
    let row = &first[0];
    let what = (&row["event_id"], &row["reason"], &row["tries"], &row["status"]);
    assert_eq!(what, (&json!(id), &json!("owner_unknown"), &json!(1), &json!("pending")), "{row:#}");
    assert!(row["next_try_at"].is_string(), "{row:#}");
    assert_eq!(gauges(&world).await["kept_events"], 1);

    for _ in 0..40 {
        world.advance(Duration::hours(6));
        world.tick().await;
    }
    assert!(waiting(&world, "event").await.is_empty());
    let set_aside = waiting(&world, "event_set_aside").await;
    let row = &set_aside[0];
    let what = (&row["event_id"], &row["waits_for"], &row["next_try_at"]);
    assert_eq!(what, (&json!(id), &json!("person"), &Value::Null), "{row:#}");
    let measured = gauges(&world).await;
    assert_eq!(measured["kept_events"], 1);
    assert!(measured["oldest_kept_event"].as_i64() > Some(200 * 3_600), "{measured:#}");

    // The cause is corrected, and the replay ends it.
    world.add_past_due(support::world::COMPANY, "mem_1");
    let long_ago = world.now() - Duration::days(20);
    world.fail("mem_1", "pay_1", long_ago).await.ok();
    world.succeed("mem_1", "pay_1", long_ago + Duration::days(1)).await.ok();
    let replayed = world.operator(Method::POST, &format!("/api/webhooks/events/{id}/replay")).await.ok();
    assert_eq!((&replayed["status"], &replayed["replays"]), (&json!("applied"), &json!(1)), "{replayed:#}");
    assert!(waiting(&world, "event_set_aside").await.is_empty());
    assert_eq!(gauges(&world).await["kept_events"], 0);
}

#[tokio::test]
async fn an_effect_in_doubt_is_counted_and_listed_until_a_person_has_resolved_it() {
    let (world, effect) = push_in_doubt().await;
    let what = (&effect["what"], &effect["waits_for"], &effect["provider"]);
    assert_eq!(what, (&json!("effect_in_doubt"), &json!("person"), &json!("whop")), "{effect:#}");
    assert!(effect["message"].as_str().unwrap().contains("resolve"), "{effect:#}");
    assert_eq!(gauges(&world).await["open_in_doubt"], 1);
    world.advance(Duration::days(3));
    assert_eq!(gauges(&world).await["open_in_doubt"], 1, "it counts while it lasts");
    world.resolve(resolution(&effect, "happened")).await.ok();
    assert_eq!(gauges(&world).await["open_in_doubt"], 0);
}
