//! Events whose name this version does not know: stored, logged, counted, and replayed by a version that knows it.

use http::Method;
use local::service::TABLE;
use serde_json::{Value, json};

use support::log::Log;
use support::world::World;

async fn counts(world: &World) -> Value {
    let health = world.operator(Method::GET, "/api/health/deep").await.json();
    health["checks"]["webhooks"]["last_24_hours"].clone()
}

fn of_stripe(id: &str, name: &str) -> Value {
    json!({"id": id, "type": name, "created": 1_763_456_400, "livemode": false, "data": {"object": {"id": "pi_1"}}})
}

/// Changes a stored event to what a version stores that does not know its name.
fn forget_name(world: &World, id: &str) {
    let dynamo = &world.service.dynamo;
    let pk = json!({"S": format!("EVENT#whop#{id}")});
    let mut row = dynamo.rows(TABLE).into_iter().find(|row| row["pk"] == pk).unwrap();
    row["status"] = json!({"S": "received"});
    row["reason"] = json!({"S": "unknown_name"});
    row["payload_min"]["M"]["meaning"] =
        json!({"M": {"kind": {"S": "ignored"}, "reason": {"S": "unknown_name"}}});
    dynamo.put_rows(TABLE, &[row]);
}

#[tokio::test]
async fn an_unknown_name_is_counted_for_its_source_with_the_last_one() {
    let world = World::start().await;
    let (log, guard) = Log::open();
    for (id, name) in [("msg_1", "membership.merged"), ("msg_2", "invoice.paid"), ("msg_3", "a_new_name")] {
        world.deliver(id, json!({"type": name, "data": {"id": "mem_1"}})).await.ok();
    }
    for (id, name) in [("evt_1", "payment_intent.reopened"), ("evt_2", "customer.created")] {
        assert_eq!(world.deliver_stripe(&of_stripe(id, name)).await["outcome"], "kept");
    }
    drop(guard);
    let ignored = log.lines_with("events_ignored");
    let ignored: Vec<_> = ignored.iter().map(|line| (&line["name"], &line["reason"])).collect();
    let unknown = json!("unknown_name");
    let names = [json!("membership.merged"), json!("a_new_name"), json!("payment_intent.reopened")];
    assert_eq!(ignored, names.iter().map(|name| (name, &unknown)).collect::<Vec<_>>());
    let counts = counts(&world).await;
    let shown =
        |source: &str| (counts[source]["unknown_names"].clone(), counts[source]["last_unknown_name"].clone());
    assert_eq!(shown("whop"), (json!(2), json!("a_new_name")), "{counts:#}");
    assert_eq!(shown("stripe"), (json!(1), json!("payment_intent.reopened")), "{counts:#}");
}

#[tokio::test]
async fn a_source_without_unknown_names_shows_none() {
    let world = World::start().await;
    world.deliver("msg_1", json!({"type": "invoice.paid", "data": {}})).await.ok();
    let counts = counts(&world).await;
    assert_eq!(
        (&counts["whop"]["unknown_names"], &counts["whop"]["last_unknown_name"]),
        (&json!(0), &Value::Null),
        "{counts:#}"
    );
}

#[tokio::test]
async fn an_event_of_an_unknown_name_is_received_once_and_replayed_when_it_is_known() {
    let world = World::start().await;
    let event = json!({"type": "membership.merged", "data": {"id": "mem_1"}});
    assert_eq!(world.deliver("msg_1", event.clone()).await.ok()["outcome"], "kept");
    assert_eq!(world.deliver("msg_1", event).await.ok()["outcome"], "duplicate");
    let rows = world.rows_of("EVENT#whop#msg_1").await;
    let row = (&rows[0]["status"], &rows[0]["reason"], rows[0].get("due_at"));
    assert_eq!(row, (&json!("received"), &json!("unknown_name"), None), "{rows:#?}");
    assert!(rows[0]["expires_at"].is_string(), "{rows:#?}");
    let replay = world.operator(Method::POST, "/api/webhooks/events/msg_1/replay").await;
    assert_eq!(replay.status, 409, "this version does not know it yet: {replay:?}");
    assert!(replay.body.contains("unknown_name"), "{replay:?}");

    // As if an older version had stored it: the body names an event that this version knows.
    let known = json!({"type": "invoice.paid", "data": {}});
    world.deliver("msg_2", known).await.ok();
    forget_name(&world, "msg_2");
    let replayed = world.operator(Method::POST, "/api/webhooks/events/msg_2/replay").await.ok();
    assert_eq!((&replayed["status"], &replayed["replays"]), (&json!("applied"), &json!(1)), "{replayed:#}");
}

#[tokio::test]
async fn a_name_that_is_too_long_or_no_name_is_stored_and_shown_as_unnamed() {
    let world = World::start().await;
    let long = "n".repeat(81);
    world.deliver("msg_1", json!({"type": long, "data": {}})).await.ok();
    assert_eq!(world.deliver_stripe(&of_stripe("evt_1", "a name with spaces")).await["outcome"], "kept");
    let counts = counts(&world).await;
    assert_eq!(counts["whop"]["last_unknown_name"], "unnamed", "{counts:#}");
    assert_eq!(counts["stripe"]["last_unknown_name"], "unnamed", "{counts:#}");
}
