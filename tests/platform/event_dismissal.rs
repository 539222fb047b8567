//! Events that a person dismisses: which, once, with a note, against the sweep, and back again.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

use support::askers::{ON_CALL_KEY, OTHER};
use support::browser::Browser;
use support::injected_fault::{FAULT_POINTS, FaultPoint, InjectedFault};
use support::log::Log;
use support::world::{Answer, COMPANY, World, id_of, payment_failed, secret_request};

use crate::webhooks_waiting::of_unknown_owner;

const ACTOR: &str = "on_call:local";

fn path(id: &str) -> String {
    format!("/api/webhooks/events/{id}/dismiss")
}

async fn post(world: &World, key: &str, path: &str, body: &str) -> Answer {
    let mut request = secret_request(Method::POST, path, key);
    request.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *request.body_mut() = body.to_owned().into();
    world.ask(request).await
}

async fn dismiss(world: &World, id: &str, note: &str) -> Answer {
    post(world, ON_CALL_KEY, &path(id), &json!({"note": note}).to_string()).await
}

async fn replay(world: &World, id: &str) -> Answer {
    post(world, ON_CALL_KEY, &format!("/api/webhooks/events/{id}/replay"), "").await
}

/// An event of an unknown owner after its first failed try.
async fn waiting(world: &World, member: &str) -> String {
    let (id, event) = of_unknown_owner(world, member);
    assert_eq!(world.deliver(&id, event).await.ok()["outcome"], "kept");
    id
}

/// An event of an unknown owner that was tried until it was set aside.
async fn set_aside(world: &World, member: &str) -> String {
    let id = waiting(world, member).await;
    for _ in 0..20 {
        world.advance(Duration::hours(6));
        world.tick().await;
    }
    assert_eq!(row(world, &id).await["status"], "set_aside");
    id
}

async fn row(world: &World, id: &str) -> Value {
    world.rows_of(&format!("EVENT#whop#{id}")).await.pop().unwrap()
}

async fn audited(world: &World, kind: &str) -> Vec<Value> {
    let rows = world.rows_of("AUDIT#").await.into_iter();
    rows.filter(|row| row["kind"] == kind).collect()
}

/// The payment of a dispute turns up, so that its owner is known.
async fn owner_turns_up(world: &World, member: &str) {
    let (membership, payment) = (format!("mem_{member}"), format!("pay_{member}"));
    world.add_past_due(COMPANY, &membership);
    let long_ago = world.now() - Duration::days(20);
    world.fail(&membership, &payment, long_ago).await.ok();
    world.succeed(&membership, &payment, long_ago + Duration::days(1)).await.ok();
}

#[tokio::test]
async fn a_dismissed_event_leaves_every_list_gauge_and_queue_and_says_who_when_and_why() {
    for is_set_aside in [false, true] {
        let world = World::of_two_companies().await;
        let id = if is_set_aside { set_aside(&world, "1").await } else { waiting(&world, "1").await };
        let dismissed = dismiss(&world, &id, " A test of the provider. ").await.ok();
        let shown = (&dismissed["status"], &dismissed["dismissed_by"], &dismissed["note"]);
        assert_eq!(shown, (&json!("dismissed"), &json!(ACTOR), &json!("A test of the provider.")));
        assert_eq!(dismissed["reason"], "owner_unknown", "why it was not applied: {dismissed}");
        assert!(dismissed["dismissed_at"].is_string(), "{dismissed}");

        let stored = row(&world, &id).await;
        for absent in ["due_at", "due_shard", "list_pk", "list_status_pk", "list_sk"] {
            assert!(stored.get(absent).is_none(), "{absent}: {stored:#}");
        }
        let kept_until = world.now() + Duration::days(40);
        assert_eq!(stored["expires_at"], kept_until.timestamp().to_string(), "{stored:#}");
        let list = world.operator(Method::GET, "/api/webhooks/events").await.ok();
        assert_eq!(list["data"], json!([]));
        let operations = world.read_operations().await;
        let waits = operations["waiting"]["data"].as_array().unwrap();
        assert!(!waits.iter().any(|row| row["event_id"] == id), "{operations:#}");
        let (log, guard) = Log::open();
        for _ in 0..20 {
            world.advance(Duration::hours(6));
            assert_eq!(world.tick().await["due"], 0, "it is in no queue");
        }
        drop(guard);
        assert_eq!(log.lines_with("kept_events").pop().unwrap()["kept_events"], 0);

        let history = secret_request(Method::GET, &format!("/api/history/event/{id}"), ON_CALL_KEY);
        let history = world.ask(history).await.ok();
        let entries = history["data"].as_array().unwrap();
        let entry = entries.iter().find(|entry| entry["name"] == "event.dismissed").unwrap();
        assert_eq!(entry["actor"], ACTOR, "{history:#}");
        assert!(entry["detail"].as_str().unwrap().contains("A test of the provider."), "{history:#}");
        let event = entries.iter().find(|entry| entry["kind"] == "event").unwrap();
        assert_eq!(event["status"], "dismissed", "{history:#}");
    }
}

#[tokio::test]
async fn of_two_people_who_dismiss_an_event_the_first_ones_note_stands() {
    let world = World::of_two_companies().await;
    for round in 0..5 {
        let id = waiting(&world, &format!("{round}")).await;
        let (one, other) = tokio::join!(dismiss(&world, &id, "One."), dismiss(&world, &id, "Other."));
        let (one, other) = (one.ok(), other.ok());
        assert_eq!(one, other);
        world.advance(Duration::minutes(1));
        assert_eq!(dismiss(&world, &id, "Later.").await.ok(), one, "nothing changes any more");
        let entries = audited(&world, "event.dismissed").await;
        assert_eq!(entries.len(), round + 1, "{entries:#?}");
    }
}

#[tokio::test]
async fn an_event_that_the_sweep_applies_meanwhile_is_applied_or_dismissed_and_never_both() {
    let (mut applied, mut dismissed) = (0, 0);
    for late in 0..8 {
        let world = World::of_two_companies().await;
        let id = waiting(&world, "1").await;
        owner_turns_up(&world, "1").await;
        world.advance(Duration::hours(1));
        let recovered = world.kpis().await["recovered_revenue_cents"].clone();
        let later = async {
            for _ in 0..late * 3 {
                tokio::task::yield_now().await;
            }
            dismiss(&world, &id, "Not ours.").await
        };
        let (_, answer) = tokio::join!(world.tick(), later);
        let stored = row(&world, &id).await;
        if answer.status == 200 {
            dismissed += 1;
            assert_eq!(stored["status"], "dismissed");
            assert_eq!(world.kpis().await["recovered_revenue_cents"], recovered, "nothing was applied");
        } else {
            applied += 1;
            assert_eq!(answer.status, 409, "{answer:?}");
            assert!(answer.body.contains("has been applied"), "{answer:?}");
            assert_eq!((&stored["status"], stored.get("note")), (&json!("applied"), None));
            assert!(audited(&world, "event.dismissed").await.is_empty());
        }
    }
    eprintln!("{applied} times applied, {dismissed} times dismissed");
    assert_eq!(applied + dismissed, 8);
}

#[tokio::test]
async fn only_an_event_that_failed_can_be_dismissed() {
    let world = World::start().await;
    assert_eq!(dismiss(&world, "msg_none", "No.").await.status, 404);
    let event = payment_failed("mem_1", "pay_1", world.now());
    let applied = id_of(&event);
    assert_eq!(world.deliver(&applied, event).await.ok()["outcome"], "applied");
    let answer = dismiss(&world, &applied, "No.").await;
    assert!(answer.status == 409 && answer.body.contains("has been applied"), "{answer:?}");
    let received = json!({"id": "evt_1", "type": "customer.created", "created": 1_763_456_400});
    assert_eq!(world.deliver_stripe(&received).await["outcome"], "kept");
    let answer = dismiss(&world, "evt_1", "No.").await;
    assert!(answer.status == 409 && answer.body.contains("without effect"), "{answer:?}");
}

#[tokio::test]
async fn a_note_that_is_missing_empty_too_long_or_unprintable_is_refused_and_nothing_changes() {
    let world = World::start().await;
    let id = waiting(&world, "1").await;
    let long = "x".repeat(501);
    let notes =
        [json!(""), json!("  "), json!(long), json!("a\u{7}b"), json!("a\u{1b}[2J"), json!(7), json!(null)];
    let bodies = notes.into_iter().map(|note| json!({"note": note})).chain([json!({})]);
    let before = row(&world, &id).await;
    for body in bodies {
        let answer = post(&world, ON_CALL_KEY, &path(&id), &body.to_string()).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "note", "{body}: {answer:?}");
    }
    let unknown = post(&world, ON_CALL_KEY, &path(&id), r#"{"note": "x", "until": "tomorrow"}"#).await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["errors"][0]["field"]), (400, &json!("until")));
    for garbage in ["{", "[]", "\"x\"", "note=x", "\u{0}"] {
        assert_eq!(post(&world, ON_CALL_KEY, &path(&id), garbage).await.status, 400, "{garbage}");
    }
    assert_eq!(row(&world, &id).await, before);
    dismiss(&world, &id, &"x".repeat(500)).await.ok();
}

#[tokio::test]
async fn a_dismissal_needs_an_operators_credential() {
    let world = World::of_two_companies().await;
    let id = waiting(&world, "1").await;
    let body = json!({"note": "Not ours."});
    assert_eq!(post(&world, "guess", &path(&id), &body.to_string()).await.status, 401);
    let mut bare = support::world::bare(Method::POST, &path(&id));
    bare.headers_mut().insert("content-type", "application/json".parse().unwrap());
    *bare.body_mut() = body.to_string().into();
    assert_eq!(world.ask(bare).await.status, 401);
    assert_eq!(world.owner(Method::POST, &path(&id), Some(body.clone())).await.status, 401);
    let foreign =
        world.owner_request(OTHER, support::world::OWNER, Method::POST, &path(&id), Some(body.clone()));
    assert_eq!(world.ask(foreign).await.status, 401, "an operator's business only");
    let mut staff: Browser = world.staff("provider").await;
    assert_eq!(staff.post(&world, &path(&id), body).await.status, 401);
    assert_eq!(row(&world, &id).await["status"], "pending");
}

#[tokio::test]
async fn a_dismissed_event_is_replayed_applied_once_and_audited() {
    let world = World::of_two_companies().await;
    let id = set_aside(&world, "1").await;
    dismiss(&world, &id, "Not ours.").await.ok();
    let again = replay(&world, &id).await.ok();
    assert_eq!((&again["status"], &again["replays"]), (&json!("pending"), &json!(1)), "still unknown");
    assert_eq!((&again["note"], &again["dismissed_by"]), (&Value::Null, &Value::Null), "{again}");
    assert!(row(&world, &id).await.get("expires_at").is_none(), "it waits again");
    assert_eq!(replay(&world, &id).await.status, 409, "it is being tried");

    dismiss(&world, &id, "Not ours, really.").await.ok();
    assert_eq!(audited(&world, "event.dismissed").await.len(), 2);
    owner_turns_up(&world, "1").await;
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 1900);
    let applied = replay(&world, &id).await.ok();
    assert_eq!((&applied["status"], &applied["replays"]), (&json!("applied"), &json!(2)));
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 0, "the dispute counts");
    assert_eq!(replay(&world, &id).await.status, 409, "once is enough");
    world.settle().await;
    let replayed = audited(&world, "event.replayed").await;
    assert_eq!(replayed.len(), 2, "{replayed:#?}");
    assert!(replayed.iter().all(|entry| entry["detail"].as_str().unwrap().contains("dismissed")));
}

#[tokio::test]
async fn a_further_delivery_of_a_dismissed_event_is_a_duplicate() {
    let world = World::of_two_companies().await;
    let (id, event) = of_unknown_owner(&world, "1");
    world.deliver(&id, event.clone()).await.ok();
    dismiss(&world, &id, "Not ours.").await.ok();
    owner_turns_up(&world, "1").await;
    let before = row(&world, &id).await;
    assert_eq!(world.deliver(&id, event).await.ok()["outcome"], "duplicate");
    assert_eq!(row(&world, &id).await, before);
    assert_eq!(world.kpis().await["recovered_revenue_cents"], 1900, "the dispute has no effect");
}

#[tokio::test]
async fn after_a_fault_at_any_request_of_a_dismissal_it_happened_once_or_not_at_all() {
    let world = World::of_two_companies().await;
    let mut number = 0;
    for fault in FAULT_POINTS {
        if matches!(fault, FaultPoint::DeathBeforeCall | FaultPoint::DeathAfterCall) {
            continue;
        }
        for chosen in 1.. {
            number += 1;
            let id = waiting(&world, &format!("n{number}")).await;
            let before = audited(&world, "event.dismissed").await.len();
            let injected = InjectedFault::at(&world, fault, chosen);
            let occurred = injected.during(dismiss(&world, &id, "One.")).await;
            world.service.dynamo.stop_intercepting();
            let (stored, entries) = (row(&world, &id).await, audited(&world, "event.dismissed").await.len());
            let is_dismissed = stored["status"] == "dismissed";
            assert_eq!(entries - before, usize::from(is_dismissed), "{fault:?} at {chosen}: {stored:#}");
            assert_eq!(stored.get("due_at").is_none(), is_dismissed, "{fault:?} at {chosen}: {stored:#}");
            let again = dismiss(&world, &id, "Two.").await.ok();
            let note = if is_dismissed { "One." } else { "Two." };
            assert_eq!(again["note"], note, "{fault:?} at {chosen}");
            assert_eq!(audited(&world, "event.dismissed").await.len(), before + 1, "{fault:?} at {chosen}");
            // The limit of this route is a few dismissals a minute.
            world.advance(Duration::minutes(16));
            if !occurred {
                break;
            }
        }
    }
    assert!(number > 20, "{number}");
}
