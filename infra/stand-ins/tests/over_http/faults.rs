use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::json;

use super::{Sandbox, read};
use stand_ins::fault::{FaultKind, Operation};
use stand_ins::outbox::Kind;

const EXTEND: &str = "/api/v1/memberships/mem_1/extend";

#[tokio::test]
async fn a_status_is_answered_without_acting_as_often_as_asked() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "whop", "operation": "extend", "kind": "status:429", "times": 2}));
    for _ in 0..2 {
        let request = sandbox.request(Method::POST, EXTEND).json(&json!({"days": 7}));
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["retry-after"], "2");
        let (status, error) = read(response).await;
        assert_eq!((status, &error["error"]["type"]), (429, &json!("rate_limited")));
    }
    assert_eq!(sandbox.outbox.entries(), []);
    assert_eq!(sandbox.post(EXTEND, json!({"days": 7})).await.0, 200);
    assert_eq!(sandbox.faults.rules(), []);
    assert_eq!(sandbox.whop.requests()["extend"], 3);
}

#[tokio::test]
async fn a_connection_dropped_before_acts_not_and_one_dropped_after_did_act() {
    let sandbox = Sandbox::start().await;
    for (kind, acted) in [("drop_before", 0), ("drop_after", 1)] {
        sandbox.fail(json!({"provider": "whop", "operation": "extend", "kind": kind, "times": 1}));
        let request = sandbox.request(Method::POST, EXTEND).header("Idempotency-Key", "key_1");
        let error = request.json(&json!({"days": 7})).send().await.unwrap_err();
        assert!(error.is_request() && error.status().is_none(), "{kind}: {error:?}");
        assert_eq!(sandbox.outbox.count(Kind::FreeDays), acted, "{kind}");
    }
    let (status, _) = sandbox.post_with_key(EXTEND, json!({"days": 7}), "key_1").await;
    assert_eq!((status, sandbox.outbox.count(Kind::FreeDays)), (200, 1), "the key still protects");
}

#[tokio::test]
async fn an_error_after_the_fact_hides_that_it_happened() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "resend", "operation": "*", "kind": "error_after:500", "times": 1}));
    let mail = json!({"from": "a@example.com", "to": "b@example.com", "subject": "One", "text": "Text"});
    let (status, error) = sandbox.post_with_key("/emails", mail, "case/1").await;
    assert_eq!((status, &error["statusCode"]), (500, &json!(500)));
    assert_eq!(sandbox.outbox.count(Kind::Mail), 1);
}

#[tokio::test]
async fn a_slow_answer_acts_even_after_its_client_has_disconnected() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "whop", "operation": "extend", "kind": "slow:300"}));
    let started = Instant::now();
    assert_eq!(sandbox.post(EXTEND, json!({"days": 7})).await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(300));

    let request = sandbox.request(Method::POST, EXTEND).json(&json!({"days": 7}));
    assert!(request.timeout(Duration::from_millis(150)).send().await.unwrap_err().is_timeout());
    while sandbox.outbox.count(Kind::FreeDays) < 2 {
        assert!(started.elapsed() < Duration::from_secs(10), "it never acted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_fault_of_one_company_does_not_affect_others() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "whop", "operation": "*", "kind": "status:500", "company": "biz_open"}));
    assert_eq!(sandbox.get("/api/v1/memberships/mem_1").await.0, 500);
    assert_eq!(sandbox.get("/api/v1/memberships/mem_2").await.0, 200);
    for (experience, user, status) in [("exp_open", "user_1", 500), ("exp_strict", "user_3", 200)] {
        let push =
            json!({"title": "Note", "content": "Text", "experience_id": experience, "user_ids": [user]});
        assert_eq!(sandbox.post("/api/v1/notifications", push).await.0, status);
        assert_eq!(sandbox.get(&format!("/api/v1/users/{user}/access/{experience}")).await.0, status);
    }
    let channel = json!({"with_user_ids": ["user_1"], "account_id": "biz_open"});
    assert_eq!(sandbox.post("/api/v1/dm_channels", channel).await.0, 500);
}

#[tokio::test]
async fn faults_are_added_and_cleared_over_http() {
    let sandbox = Sandbox::start().await;
    let rule = json!({"provider": "whop", "operation": "dm_channels", "kind": "drop_after", "times": 1});
    let in_force = json!([{
        "provider": "whop", "operation": "dm_channels", "kind": "drop_after", "times": 1, "company": null,
    }]);
    assert_eq!(sandbox.post("/sandbox/faults", rule).await, (201, in_force.clone()));
    assert_eq!(sandbox.get("/sandbox/faults").await, (200, in_force));
    for wrong in [
        json!({"provider": "whop", "operation": "teleport", "kind": "drop_after"}),
        json!({"provider": "whop", "operation": "*", "kind": "explode"}),
        json!({"provider": "whop", "operation": "*", "kind": "drop_after", "time": 1}),
    ] {
        let (status, problem) = sandbox.post("/sandbox/faults", wrong).await;
        assert_eq!((status, &problem["status"]), (400, &json!(400)));
    }
    let cleared = sandbox.request(Method::DELETE, "/sandbox/faults").send().await.unwrap();
    assert_eq!(read(cleared).await, (200, json!([])));
}

#[tokio::test]
async fn a_hook_sees_every_call_by_its_number_and_goes_before_the_rules() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "whop", "operation": "extend", "kind": "status:503", "times": 1}));
    sandbox.faults.intercept(Arc::new(|call, operation| {
        assert_eq!(operation, Operation::Extend);
        (call == 2).then_some(FaultKind::Status(StatusCode::TOO_MANY_REQUESTS))
    }));
    for expected in [503, 429, 200] {
        assert_eq!(sandbox.post(EXTEND, json!({"days": 7})).await.0, expected);
    }
    sandbox.faults.stop_intercepting();
    assert_eq!(sandbox.post(EXTEND, json!({"days": 7})).await.0, 200);
}

#[tokio::test]
async fn calls_that_are_answered_at_one_moment_are_counted() {
    let sandbox = Sandbox::start().await;
    sandbox.fail(json!({"provider": "whop", "operation": "extend", "kind": "slow:60"}));
    tokio::join!(sandbox.post(EXTEND, json!({"days": 7})), sandbox.post(EXTEND, json!({"days": 7})));
    assert_eq!(sandbox.faults.most_at_once(), 2);
    sandbox.faults.stop_intercepting();
    sandbox.post(EXTEND, json!({"days": 7})).await;
    assert_eq!(sandbox.faults.most_at_once(), 1);
}
