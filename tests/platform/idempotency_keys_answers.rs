//! Which answers a key stores, for which requests and for how long, at a route that moves money and at one
//! that does not. The route is the test's own, behind the product's middleware.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::extract::{Extension, Path, State};
use axum::routing::post;
use axum::{Router, response::Response};
use chrono::Duration;
use http::Request;
use local::embedded::{Failure as Broken, Intervention, RequestRecord};
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::domain::kernel::id::CompanyId;
use shared::http::idempotent::{IdempotencyKey, KeyPolicy, idempotent};
use shared::http::{Answer as Done, Failure, JsonBody, middleware};

use support::answer::is_replay;
use support::world::{Answer, COMPANY, World};

/// How often the route was executed.
type Runs = Arc<AtomicU32>;

/// Executes, and ends as the path selects.
async fn execute(
    State(app): State<SharedApp>,
    Extension(runs): Extension<Runs>,
    Path(ending): Path<String>,
    intent: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let company = app.store()?.company(&CompanyId::parse(COMPANY).unwrap());
    let run = |operation: String| async move {
        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
        match ending.as_str() {
            "done" => Ok(Done::ok(json!({"run": run, "operation": operation}))),
            "invalid" => Err(Failure::field("amount", format!("wrong in run {run}"))),
            "forbidden" => Err(Failure::Forbidden("Not you.")),
            "absent" => Err(Failure::Absent),
            "conflict" => Err(Failure::Conflict(format!("Not now, in run {run}."))),
            "busy" => Err(Failure::Busy("Another request is in progress.")),
            "many" => Err(Failure::TooMany { retry_after_seconds: 7 }),
            "long" => Ok(Done::ok(json!({"run": run, "operation": operation, "text": "x".repeat(300_000)}))),
            "unavailable" => Err(Failure::Unavailable { detail: "Not now.", reason: String::new() }),
            other => panic!("{other}"),
        }
    };
    idempotent(&app, &company, "user_1", &intent, &body, run).await
}

/// A world with that route open under a rule.
async fn with_route(rule: KeyPolicy) -> (World, Runs) {
    let (mut world, runs) = (World::start().await, Runs::default());
    let route = Router::new().route("/test/{ending}", post(execute).put(execute));
    // As the guard does for the routes of the table.
    let route = route.layer(Extension(rule)).layer(Extension(runs.clone()));
    world.service.router = middleware::layer("money", route, world.service.app.clone());
    (world, runs)
}

async fn send(world: &World, path: &str, body: &str, key: Option<&str>) -> Answer {
    let mut request = Request::post(path).header("content-type", "application/json");
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    world.ask(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_where_money_moved_for_thirty_five() {
    for (rule, hours) in [(KeyPolicy::Optional, 24), (KeyPolicy::Required, 35 * 24)] {
        let (world, runs) = with_route(rule).await;
        let ask = async || send(&world, "/test/done", "{}", Some("key-1")).await;
        let first = ask().await;
        world.advance(Duration::hours(hours) - Duration::milliseconds(1));
        let again = ask().await;
        assert_eq!((is_replay(&again), again.body), (true, first.body.clone()), "{rule:?}");
        world.advance(Duration::milliseconds(1));
        let anew = ask().await;
        assert_eq!((is_replay(&anew), runs.load(Ordering::SeqCst)), (false, 2), "{rule:?}");
        assert_ne!(anew.json()["operation"], first.json()["operation"], "a new request, a new effect");
    }
}

#[tokio::test]
async fn what_moves_money_is_not_done_without_a_key() {
    let (world, runs) = with_route(KeyPolicy::Required).await;
    let refused = send(&world, "/test/done", "{}", None).await;
    assert_eq!((refused.status.as_u16(), runs.load(Ordering::SeqCst)), (400, 0));
    assert_eq!(refused.json()["errors"][0]["field"], "Idempotency-Key");
    send(&world, "/test/done", "{}", Some("key-1")).await.ok();

    // Without a row in the table of routes the strictest rule applies.
    let (mut world, runs) = with_route(KeyPolicy::None).await;
    let route = Router::new().route("/test/{ending}", post(execute)).layer(Extension(runs.clone()));
    world.service.router = middleware::layer("money", route, world.service.app.clone());
    assert_eq!(send(&world, "/test/done", "{}", None).await.status, 400);

    let (world, runs) = with_route(KeyPolicy::Optional).await;
    for _ in 0..2 {
        send(&world, "/test/done", "{}", None).await.ok();
    }
    assert_eq!(runs.load(Ordering::SeqCst), 2, "elsewhere each request without a key is a request");
}

#[tokio::test]
async fn errors_are_answers_and_given_again_byte_for_byte() {
    for rule in [KeyPolicy::Optional, KeyPolicy::Required] {
        let (world, runs) = with_route(rule).await;
        for (ending, status) in [("invalid", 400), ("forbidden", 403), ("absent", 404), ("conflict", 409)] {
            let before = runs.load(Ordering::SeqCst);
            let ask = async || send(&world, &format!("/test/{ending}"), "{}", Some("key-1")).await;
            let first = ask().await;
            assert_eq!((first.status.as_u16(), is_replay(&first)), (status, false), "{ending}");
            for _ in 0..3 {
                world.advance(Duration::hours(7));
                let again = ask().await;
                assert_eq!((again.status.as_u16(), is_replay(&again)), (status, true), "{ending}");
                assert_eq!(again.body, first.body, "{ending}");
                assert_eq!(again.header("content-type"), first.header("content-type"));
                assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
            }
            assert_eq!(runs.load(Ordering::SeqCst), before + 1, "{ending}");
        }
    }
}

#[tokio::test]
async fn a_temporary_failure_is_not_stored_and_releases_the_key() {
    let (world, runs) = with_route(KeyPolicy::Required).await;
    for (ending, status) in [("busy", 409), ("many", 429), ("unavailable", 503)] {
        let before = runs.load(Ordering::SeqCst);
        for _ in 0..2 {
            let answer = send(&world, &format!("/test/{ending}"), "{}", Some("key-1")).await;
            assert_eq!((answer.status.as_u16(), is_replay(&answer)), (status, false), "{ending}");
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
        }
        assert_eq!(runs.load(Ordering::SeqCst), before + 2, "{ending}");
    }
}

#[tokio::test]
async fn an_answer_too_long_to_be_kept_is_given_and_the_key_is_free() {
    let (world, runs) = with_route(KeyPolicy::Required).await;
    let first = send(&world, "/test/long", "{}", Some("key-1")).await;
    let again = send(&world, "/test/long", "{}", Some("key-1")).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200), "{}", again.body.len());
    let operation = |answer: &Answer| answer.json()["operation"].clone();
    assert_eq!(operation(&first), operation(&again), "the same request: its effects recognize themselves");
    assert_eq!((runs.load(Ordering::SeqCst), is_replay(&again)), (2, false));
}

#[tokio::test]
async fn a_key_is_free_after_our_own_failure() {
    for (fault, replayed) in [
        (Intervention::FailBefore(Broken::Internal), false),
        (Intervention::FailAfter(Broken::Internal), true),
    ] {
        let (world, runs) = with_route(KeyPolicy::Required).await;
        // The claim is the first request, the answer the second: it fails at each try of the SDK.
        let hook = move |call: u64, _: &RequestRecord| {
            if (2..=4).contains(&call) { fault } else { Intervention::Pass }
        };
        world.service.dynamo.reset_requests();
        world.service.dynamo.intercept(Arc::new(hook));
        let failed = send(&world, "/test/done", "{}", Some("key-1")).await;
        world.service.dynamo.stop_intercepting();
        assert_eq!((failed.status.as_u16(), runs.load(Ordering::SeqCst)), (503, 1), "{failed:?}");
        let again = send(&world, "/test/done", "{}", Some("key-1")).await;
        assert_eq!((again.status.as_u16(), is_replay(&again)), (200, replayed), "{again:?}");
    }
    let (world, runs) = with_route(KeyPolicy::Required).await;
    let world = Arc::new(world);
    for run in 1..=2 {
        let asking = world.clone();
        let asked = tokio::spawn(async move { send(&asking, "/test/panic", "{}", Some("key-1")).await });
        assert!(asked.await.unwrap_err().is_panic(), "the platform makes it an answer");
        assert_eq!(runs.load(Ordering::SeqCst), run, "the key of a request that broke is free");
    }
}

#[tokio::test]
async fn the_same_request_in_another_spelling_is_the_same_and_another_one_is_refused() {
    const BODY: &str = r#"{"amount":1,"note":{"a":"x","b":[1,2,{}]}}"#;
    let (world, runs) = with_route(KeyPolicy::Required).await;
    let path = "/test/done?a=1&b=2";
    let first = send(&world, path, BODY, Some("key-1")).await.ok();
    for same in [
        BODY,
        r#"{"note":{"b":[1,2,{}],"a":"x"},"amount":1}"#,
        " {\n\t\"amount\" : 1 , \"note\" : { \"a\" : \"x\" , \"b\" : [ 1 , 2 , { } ] } }\r\n",
        r#"{"amount":1,"note":{"a":"\u0078","b":[1,2,{}]}}"#,
    ] {
        let answer = send(&world, path, same, Some("key-1")).await;
        assert!(is_replay(&answer) && answer.json() == first, "{same}: {answer:?}");
    }
    for other in [
        r#"{"amount":1.0,"note":{"a":"x","b":[1,2,{}]}}"#,
        r#"{"amount":1e0,"note":{"a":"x","b":[1,2,{}]}}"#,
        r#"{"amount":"1","note":{"a":"x","b":[1,2,{}]}}"#,
        r#"{"amount":1,"note":{"a":"x","b":[2,1,{}]}}"#,
        r#"{"amount":1,"note":{"a":"X","b":[1,2,{}]}}"#,
        r#"{"amount":1,"note":{"a":"x","b":[1,2,{}]},"more":null}"#,
        r#"{"amount":1}"#,
        "{}",
        "",
    ] {
        let answer = send(&world, path, other, Some("key-1")).await;
        assert_eq!((answer.status.as_u16(), is_replay(&answer)), (422, false), "{other}");
    }
    for query in ["/test/done", "/test/done?a=1", "/test/done?a=1&b=3", "/test/done?b=2&a=1"] {
        assert_eq!(send(&world, query, BODY, Some("key-1")).await.status, 422, "{query}");
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn amounts_that_a_float_would_make_equal_are_different_requests() {
    let (world, _) = with_route(KeyPolicy::Required).await;
    let body = |amount: &str| format!("{{\"amount\":{amount}}}");
    send(&world, "/test/done", &body("9007199254740993"), Some("key-1")).await.ok();
    for amount in ["9007199254740992", "9007199254740993.0", "9007199254740993.00000000000000001"] {
        let answer = send(&world, "/test/done", &body(amount), Some("key-1")).await;
        assert_eq!(answer.status, 422, "{amount}");
    }
    let same = send(&world, "/test/done", " {\"amount\": 9007199254740993}", Some("key-1")).await;
    assert!(is_replay(&same));
    let nested: Value = json!([[[["deep"]]]]);
    send(&world, "/test/done", &nested.to_string(), Some("key-2")).await.ok();
    assert!(is_replay(&send(&world, "/test/done", "[ [[[ \"deep\" ]]] ]", Some("key-2")).await));
}
