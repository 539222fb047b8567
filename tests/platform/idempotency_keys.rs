//! The same request sent again is the same request: one effect, one answer.

use std::sync::Arc;
use support::answer::is_replay;

use chrono::Duration;
use http::{HeaderValue, Method};
use local::embedded::{Failure, Intervention, RequestRecord};
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::backstage::until;
use support::world::{Answer, COMPANY, OWNER, World};

const SETTINGS: &str = "/api/settings";

fn settings(days: u8) -> Value {
    json!({"push_enabled": true, "dm_enabled": true, "incentive_days": days, "reminder_offsets_days": [1, 2, 4]})
}

/// A company with one open case, and where that is nudged.
pub async fn with_a_case() -> (World, String) {
    let world = World::start().await;
    world.owner(Method::PUT, SETTINGS, Some(settings(0))).await.ok();
    let case_id = world.open_case(COMPANY, "mem_1").await;
    world.settle().await;
    (world, format!("/api/cases/{case_id}/nudge"))
}

async fn with_keys(
    world: &World,
    who: (&str, &str),
    path: &str,
    body: &Value,
    keys: &[HeaderValue],
) -> Answer {
    let method = if path == SETTINGS { Method::PUT } else { Method::POST };
    let mut request = world.owner_request(who.0, who.1, method, path, Some(body.clone()));
    for key in keys {
        request.headers_mut().append("idempotency-key", key.clone());
    }
    world.ask(request).await
}

pub async fn send(world: &World, path: &str, body: Value, key: &str) -> Answer {
    with_keys(world, (COMPANY, OWNER), path, &body, &[key.parse().unwrap()]).await
}

#[tokio::test]
async fn the_first_answer_is_given_again_byte_for_byte() {
    let (world, nudge) = with_a_case().await;
    let first = send(&world, &nudge, json!({"channel": "dm"}), "key-1").await;
    assert!(first.status == 200 && !is_replay(&first), "{first:?}");
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    for _ in 0..3 {
        world.advance(Duration::hours(5));
        let again = send(&world, &nudge, json!({"channel": "dm"}), "key-1").await;
        assert!(is_replay(&again), "{again:?}");
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("content-type"), first.header("content-type"));
    }
    assert_eq!((world.sent(Kind::Dm), world.sent(Kind::Push)), (1, 0));

    let saved = send(&world, SETTINGS, settings(3), "key-1").await;
    send(&world, SETTINGS, settings(5), "key-2").await.ok();
    let again = send(&world, SETTINGS, settings(3), "key-1").await;
    assert_eq!((is_replay(&again), again.body), (true, saved.body));
    assert_eq!(world.get(SETTINGS).await["incentive_days"], 5, "the older wish does not come back");
}

#[tokio::test]
async fn a_refusal_is_an_answer_too() {
    let (world, nudge) = with_a_case().await;
    world.succeed("mem_1", "pay_1", world.now()).await.ok();
    let absent = "/api/cases/00000000-0000-4000-8000-000000000000/terminate";
    for (path, status) in [(nudge.as_str(), 409), (absent, 404)] {
        let first = send(&world, path, json!({}), "key-1").await;
        assert_eq!((first.status.as_u16(), is_replay(&first)), (status, false));
        let again = send(&world, path, json!({}), "key-1").await;
        assert_eq!((again.status.as_u16(), is_replay(&again), &again.body), (status, true, &first.body));
        assert_eq!(again.header("content-type"), Some("application/problem+json"));
    }
    // An unreadable request was never started, so its key is still unused.
    assert_eq!(send(&world, SETTINGS, json!({"push_enabled": 1}), "key-2").await.status, 400);
    assert!(!is_replay(&send(&world, SETTINGS, settings(1), "key-2").await));
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_caller() {
    let (world, nudge) = with_a_case().await;
    send(&world, &nudge, json!({"channel": "dm"}), "key-1").await.ok();
    for other in [json!({"channel": "push"}), json!({}), json!({"channel": "dm", "x": 1})] {
        let status = send(&world, &nudge, other.clone(), "key-1").await.status;
        assert!(status == 422 || other.get("x").is_some() && status == 400, "{other}");
    }
    assert_eq!((world.sent(Kind::Dm), world.sent(Kind::Push)), (1, 0));

    let second = world.open_case(COMPANY, "mem_2").await;
    assert!(!is_replay(
        &send(&world, &format!("/api/cases/{second}/nudge"), json!({"channel": "dm"}), "key-1").await
    ));
    assert_eq!(world.sent(Kind::Dm), 2, "another path is another request");

    let whop = &world.service.sandbox.whop;
    whop.add_company(COMPANY, "A company", &[OWNER, "user_second"], true, None);
    whop.add_company("biz_beta", "A company", &[OWNER], true, None);
    let body = json!({"channel": "dm"});
    let key = [HeaderValue::from_static("key-1")];
    let answer = with_keys(&world, (COMPANY, "user_second"), &nudge, &body, &key).await;
    assert!(!is_replay(&answer), "another person means it on its own");
    assert_eq!(world.sent(Kind::Dm), 3);
    let answer = with_keys(&world, ("biz_beta", OWNER), &nudge, &body, &key).await;
    assert_eq!(
        (answer.status.as_u16(), is_replay(&answer)),
        (404, false),
        "nothing leaks to another company"
    );
}

#[tokio::test]
async fn a_key_is_read_in_one_way_only() {
    let (world, nudge) = with_a_case().await;
    let (long, longer) = ("k".repeat(255), "k".repeat(256));
    let value = |text: &str| HeaderValue::from_bytes(text.as_bytes()).unwrap();
    for keys in [
        vec![value("")],
        vec![value("  ")],
        vec![value("\"\"")],
        vec![value(&longer)],
        vec![value(&format!("\"{longer}\""))],
        vec![value("one"), value("two")],
        vec![value("one"), value("one")],
        vec![value("schlüssel")],
        vec![HeaderValue::from_bytes(&[b'k', 0xFF]).unwrap()],
        vec![value("two words")],
        vec![value("tab\tbed")],
    ] {
        let answer = with_keys(&world, (COMPANY, OWNER), &nudge, &json!({}), &keys).await;
        assert_eq!(answer.status, 400, "{keys:?}");
        assert_eq!(answer.json()["errors"][0]["field"], "Idempotency-Key");
    }
    assert_eq!(world.sent(Kind::Push), 0);
    for (bare, quoted) in [("key-1", "\"key-1\""), (long.as_str(), &*format!(" \"{long}\" "))] {
        assert!(!is_replay(&send(&world, &nudge, json!({}), bare).await));
        assert!(is_replay(&send(&world, &nudge, json!({}), quoted).await), "{quoted}");
    }
    assert_eq!(world.sent(Kind::Push), 2);
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day_and_then_free_for_anything() {
    let (world, nudge) = with_a_case().await;
    send(&world, &nudge, json!({"channel": "dm"}), "key-1").await.ok();
    world.advance(Duration::hours(24) - Duration::milliseconds(1));
    assert!(is_replay(&send(&world, &nudge, json!({"channel": "dm"}), "key-1").await));
    world.advance(Duration::milliseconds(1));
    let anew = send(&world, &nudge, json!({"channel": "push"}), "key-1").await;
    assert_eq!((is_replay(&anew), &anew.json()["channel"]), (false, &json!("push")), "a new request");
    assert_eq!((world.sent(Kind::Dm), world.sent(Kind::Push)), (1, 1));
    assert!(is_replay(&send(&world, &nudge, json!({"channel": "push"}), "key-1").await));
}

#[tokio::test]
async fn while_the_first_is_running_the_second_waits() {
    let (world, nudge) = with_a_case().await;
    world.inject_fault(Operation::Notifications, "slow:500", Some(1), None);
    let second = async {
        until(|| world.asked(Operation::Notifications) == 1).await;
        send(&world, &nudge, json!({}), "key-1").await
    };
    let (first, second) = tokio::join!(send(&world, &nudge, json!({}), "key-1"), second);
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 409));
    assert_eq!(second.header("retry-after"), Some("2"));
    let third = send(&world, &nudge, json!({}), "key-1").await;
    assert_eq!((is_replay(&third), third.body, world.sent(Kind::Push)), (true, first.body, 1));
}

#[tokio::test]
async fn what_passes_is_not_kept_and_the_next_try_may_be_luckier() {
    let (world, nudge) = with_a_case().await;
    world.inject_fault(Operation::Memberships, "status:500", Some(2), None);
    for _ in 0..2 {
        assert_eq!(send(&world, &nudge, json!({}), "key-1").await.status, 503);
    }
    let answer = send(&world, &nudge, json!({}), "key-1").await;
    assert_eq!((answer.status.as_u16(), is_replay(&answer), world.sent(Kind::Push)), (200, false, 1));

    let meet = |_, request: &RequestRecord| match request.operation.as_str() {
        "TransactWriteItems" => Intervention::FailBefore(Failure::Conflict),
        _ => Intervention::Pass,
    };
    world.service.dynamo.intercept(Arc::new(meet));
    assert_eq!(send(&world, SETTINGS, settings(1), "key-1").await.status, 409, "another request was writing");
    world.service.dynamo.stop_intercepting();
    let answer = send(&world, SETTINGS, settings(1), "key-1").await;
    assert_eq!((answer.status.as_u16(), is_replay(&answer)), (200, false));
}
