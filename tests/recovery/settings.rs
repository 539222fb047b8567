//! A company's settings: saved as a whole or not at all, by one writer at a time, and audited.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use http::Method;
use local::embedded::{Failure, Intervention};
use serde_json::{Value, json};

use support::world::{Answer, COMPANY, OWNER, World};

const SETTINGS: &str = "/api/settings";

fn wanted() -> Value {
    json!({
        "push_enabled": false,
        "dm_enabled": true,
        "incentive_days": 7,
        "reminder_offsets_days": [0, 1, 3, 30],
        "language": "es",
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut settings = wanted();
    settings[field] = value;
    settings
}

async fn put(world: &World, content_type: &str, body: impl Into<Body>) -> Answer {
    let mut request = world.owner_request(COMPANY, OWNER, Method::PUT, SETTINGS, None);
    request.headers_mut().insert("content-type", content_type.parse().unwrap());
    *request.body_mut() = body.into();
    world.ask(request).await
}

/// The fields that were complained about.
fn fields(answer: &Answer) -> Vec<String> {
    let problem = answer.json();
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer:?}")).iter();
    errors
        .map(|error| {
            assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
            error["field"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[tokio::test]
async fn a_company_that_never_saved_has_the_defaults() {
    let world = World::start().await;
    let defaults = json!({
        "push_enabled": true, "dm_enabled": true, "incentive_days": 0, "reminder_offsets_days": [0, 2, 4],
        "language": "en", "updated_at": null, "version": 0,
    });
    assert_eq!(world.get(SETTINGS).await, defaults);
    assert!(world.items("COMPANY#").await.is_empty(), "asking writes nothing");
}

#[tokio::test]
async fn what_was_saved_is_read_back_and_is_on_record() {
    let world = World::start().await;
    let saved = world.owner(Method::PUT, SETTINGS, Some(wanted())).await.ok();
    let mut expected = wanted();
    expected["updated_at"] = json!("2025-11-18T09:02:03.000Z");
    expected["version"] = json!(1);
    assert_eq!((&saved, &world.get(SETTINGS).await), (&expected, &expected));

    // A language left out is English; nothing else may be left out.
    let mut without = wanted();
    without.as_object_mut().unwrap().remove("language");
    let saved = put(&world, "APPLICATION/JSON; charset=utf-8", without.to_string()).await.ok();
    assert_eq!((&saved["language"], &saved["version"]), (&json!("en"), &json!(2)));

    let audit = world.items("AUDIT#biz_alpha").await;
    assert_eq!(audit.len(), 2);
    for entry in audit {
        let text = |name: &str| entry[name].as_s().unwrap().clone();
        assert_eq!((text("kind"), text("cause")), ("settings.changed".to_owned(), OWNER.to_owned()));
        let detail: Value = serde_json::from_str(&text("detail")).unwrap();
        assert_eq!(detail["reminder_offsets_days"], json!([0, 1, 3, 30]));
    }
}

#[tokio::test]
async fn the_record_is_written_with_the_change_or_neither_is() {
    let world = World::start().await;
    world.get(SETTINGS).await;
    world.service.dynamo.reset_requests();
    world.owner(Method::PUT, SETTINGS, Some(wanted())).await.ok();
    let requests = world.service.dynamo.requests();
    assert_eq!(requests[0].operation, "UpdateItem", "the limit");
    let writes: Vec<_> = requests[1..].iter().filter(|request| !request.operation.contains("Get")).collect();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!((writes[0].operation.as_str(), writes[0].item_count), ("TransactWriteItems", 2));

    let refuse = |_, request: &local::embedded::RequestRecord| match request.operation.as_str() {
        "TransactWriteItems" => Intervention::FailBefore(Failure::Internal),
        _ => Intervention::Pass,
    };
    world.service.dynamo.intercept(Arc::new(refuse));
    let answer = world.owner(Method::PUT, SETTINGS, Some(with("incentive_days", json!(8)))).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")));
    world.service.dynamo.stop_intercepting();
    assert_eq!(world.get(SETTINGS).await["incentive_days"], 7);
    assert_eq!(world.items("AUDIT#").await.len(), 1);
}

#[tokio::test]
async fn a_wrong_field_is_named_and_nothing_is_changed() {
    let world = World::start().await;
    let before = world.owner(Method::PUT, SETTINGS, Some(wanted())).await.ok();
    let offsets = "reminder_offsets_days";
    let eleven: Vec<u8> = (0..11).collect();
    for (field, value, named) in [
        (offsets, json!(eleven), offsets),
        (offsets, json!([]), offsets),
        (offsets, json!("0,2"), offsets),
        (offsets, json!({"0": 1}), offsets),
        (offsets, Value::Null, offsets),
        (offsets, json!([0, 4, 2]), "reminder_offsets_days[2]"),
        (offsets, json!([0, 2, 2]), "reminder_offsets_days[2]"),
        (offsets, json!([0, 31]), "reminder_offsets_days[1]"),
        (offsets, json!([-1, 2]), "reminder_offsets_days[0]"),
        (offsets, json!([0, 2.5]), "reminder_offsets_days[1]"),
        (offsets, json!([0, 2.0]), "reminder_offsets_days[1]"),
        (offsets, json!([0, "2"]), "reminder_offsets_days[1]"),
        (offsets, json!([0, null]), "reminder_offsets_days[1]"),
        (offsets, json!([[0]]), "reminder_offsets_days[0]"),
        ("incentive_days", json!(366), "incentive_days"),
        ("incentive_days", json!(-1), "incentive_days"),
        ("incentive_days", json!(1.0), "incentive_days"),
        ("incentive_days", json!("7"), "incentive_days"),
        ("incentive_days", json!(true), "incentive_days"),
        ("push_enabled", json!("true"), "push_enabled"),
        ("push_enabled", json!(1), "push_enabled"),
        ("dm_enabled", Value::Null, "dm_enabled"),
        ("language", json!("de"), "language"),
        ("language", Value::Null, "language"),
        ("surprise", json!(1), "surprise"),
        ("version", json!(1), "version"),
        ("Push_Enabled", json!(true), "Push_Enabled"),
    ] {
        let answer = world.owner(Method::PUT, SETTINGS, Some(with(field, value.clone()))).await;
        assert_eq!((answer.status.as_u16(), fields(&answer)), (400, vec![named.to_owned()]), "{value}");
    }
    for number in ["1e2", "7.0", "99999999999999999999999", "-0.0"] {
        let body = wanted().to_string().replace(":7,", &format!(":{number},"));
        let answer = put(&world, "application/json", body).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (400, vec!["incentive_days".into()]),
            "{number}"
        );
    }
    for missing in ["push_enabled", "dm_enabled", "incentive_days", offsets] {
        let mut body = wanted();
        body.as_object_mut().unwrap().remove(missing);
        let answer = world.owner(Method::PUT, SETTINGS, Some(body)).await;
        assert_eq!((answer.status.as_u16(), fields(&answer)), (400, vec![missing.to_owned()]));
    }
    assert_eq!(world.get(SETTINGS).await, before);
    assert_eq!(world.items("AUDIT#").await.len(), 1, "a refusal is not on record");
}

#[tokio::test]
async fn an_invalid_settings_object_is_refused_as_a_whole() {
    let world = World::start().await;
    let json = "application/json";
    assert_eq!(fields(&put(&world, json, "").await).len(), 4, "everything is missing");
    for body in ["[]", "null", "7", "\"settings\"", "[{}]"] {
        let answer = put(&world, json, body).await;
        assert_eq!((answer.status.as_u16(), fields(&answer)), (400, vec![String::new()]), "{body}");
    }
    let nested = "[".repeat(10_000);
    for body in ["{", "{}x", "push_enabled=true", "{'a': 1}", "\u{feff}{}", "NaN", nested.as_str()] {
        assert_eq!(put(&world, json, body.to_owned()).await.status, 400, "{body:.40}");
    }
    assert_eq!(put(&world, json, vec![b'"', 0xFF, b'"']).await.status, 400);
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "*/*", ""] {
        let answer = put(&world, content_type, wanted().to_string()).await;
        assert_eq!(answer.status, 415, "{content_type}");
    }
    let large = |bytes: usize| format!("{}{}", wanted(), " ".repeat(bytes - wanted().to_string().len()));
    assert_eq!(put(&world, json, large(300 * 1024)).await.status, 413);
    assert_eq!(put(&world, "text/plain", large(256 * 1024 + 1)).await.status, 415);
    assert_eq!(world.get(SETTINGS).await["version"], 0, "nothing of it was saved");
    put(&world, json, large(256 * 1024)).await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_writers_at_once_one_wins_whole() {
    let world = World::start().await;
    let one = with("reminder_offsets_days", json!([1]));
    let other =
        json!({"push_enabled": true, "dm_enabled": false, "incentive_days": 1, "reminder_offsets_days": [9]});
    for round in 1..=10 {
        let put = |body: &Value| world.owner(Method::PUT, SETTINGS, Some(body.clone()));
        let (first, second) = tokio::join!(put(&one), put(&other));
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200), "{first:?} {second:?}");
        let stands = world.get(SETTINGS).await;
        let fits =
            |body: &Value| body.as_object().unwrap().iter().all(|(name, value)| stands[name] == *value);
        assert!(fits(&one) != fits(&other), "{stands}");
        assert_eq!(stands["version"], 2 * round, "both were saved, one after the other");
    }
    assert_eq!(world.items("AUDIT#").await.len(), 20);
}

#[tokio::test]
async fn a_conflicting_writer_retries_and_finally_answers_409() {
    let world = World::start().await;
    let left = Arc::new(AtomicU32::new(2));
    let counted = left.clone();
    let meet = move |_, request: &local::embedded::RequestRecord| {
        let is_write = request.operation == "TransactWriteItems";
        let met = is_write
            && counted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if met { Intervention::FailBefore(Failure::Conflict) } else { Intervention::Pass }
    };
    world.service.dynamo.intercept(Arc::new(meet));
    assert_eq!(world.owner(Method::PUT, SETTINGS, Some(wanted())).await.ok()["version"], 1);
    left.store(3, Ordering::SeqCst);
    let answer = world.owner(Method::PUT, SETTINGS, Some(wanted())).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (409, Some("2")), "{answer:?}");
    assert_eq!(world.get(SETTINGS).await["version"], 1);
}
