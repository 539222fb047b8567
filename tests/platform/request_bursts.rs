//! A thousand requests at once, over HTTP: with one key one execution, at one limit the
//! quota and no request more.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use shared::http::extension::ClientIp;
use shared::rate_limit::class::{AUTH, AUTH_ADDRESS, CASE_ACTION};
use stand_ins::outbox::Kind;
use tokio::task::JoinSet;

use support::answer::is_replay;
use support::world::{Answer, COMPANY, OWNER, World};

const REQUESTS: usize = 1_000;

/// A world in which no limit gives the table up, however busy the machine is.
async fn quiet_world() -> Arc<World> {
    let world = World::waiting_ms(120_000).await;
    // The owner's access is cached, so the thousand requests do not test Whop.
    world.get("/api/settings").await;
    Arc::new(world)
}

/// Sends all of them at once.
async fn send_at_once(world: &Arc<World>, request: impl Fn(usize) -> Request<Body>) -> Vec<Answer> {
    let mut requests = JoinSet::new();
    for number in 0..REQUESTS {
        let (world, request) = (world.clone(), request(number));
        requests.spawn(async move { world.ask(request).await });
    }
    requests.join_all().await
}

/// The number of answers by status; every 429 has a `Retry-After`.
fn statuses(answers: &[Answer]) -> BTreeMap<u16, usize> {
    let mut statuses = BTreeMap::new();
    for answer in answers {
        *statuses.entry(answer.status.as_u16()).or_default() += 1;
        if answer.status == 429 {
            let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!(wait > 0 && answer.header("x-rate-limit-remaining") == Some("0"), "{answer:?}");
        }
    }
    statuses
}

fn sign_in(username: &str, from: [u8; 4]) -> Request<Body> {
    let body = json!({"username": username, "password": "wrong horse battery"});
    let request = Request::post("/api/auth/sign-in").header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(ClientIp(Some(IpAddr::from(from))));
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_requests_with_one_key_are_one_execution() {
    let world = quiet_world().await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    world.settle().await;
    let pushes = world.sent(Kind::Push);
    let path = format!("/api/cases/{case_id}/nudge");
    let nudge = |key: &str| {
        let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &path, Some(json!({})));
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        request
    };

    let answers = send_at_once(&world, |_| nudge("one-key")).await;
    let first: Vec<&Answer> =
        answers.iter().filter(|answer| answer.status == 200 && !is_replay(answer)).collect();
    assert_eq!((first.len(), world.sent(Kind::Push) - pushes), (1, 1), "{:?}", statuses(&answers));
    for answer in &answers {
        match answer.status.as_u16() {
            200 => assert_eq!(answer.body, first[0].body),
            409 => assert_eq!(answer.header("retry-after"), Some("2"), "{answer:?}"),
            _ => panic!("neither the answer, nor a replay, nor a conflict: {answer:?}"),
        }
    }

    for answer in send_at_once(&world, |_| nudge("one-key")).await {
        assert!(answer.status == 200 && is_replay(&answer), "{answer:?}");
        assert_eq!(answer.body, first[0].body);
        assert_eq!(answer.header("content-type"), first[0].header("content-type"));
    }
    assert_eq!(world.sent(Kind::Push) - pushes, 1);

    // Two thousand requests were one; this is the second.
    let second = world.ask(nudge("another-key")).await;
    let left = (CASE_ACTION.quota - 2).to_string();
    assert_eq!((second.status.as_u16(), second.header("x-rate-limit-remaining")), (200, Some(&*left)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_different_requests_of_a_company_the_quota_is_admitted() {
    let world = quiet_world().await;
    let answers = send_at_once(&world, |number| {
        let path = format!("/api/cases/00000000-0000-4000-8000-{number:012}/nudge");
        let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &path, Some(json!({})));
        let key = format!("key-{number}").parse().unwrap();
        // With and without keys: both count.
        if number % 2 == 0 {
            request.headers_mut().insert("idempotency-key", key);
        }
        request
    });
    let quota = CASE_ACTION.quota as usize;
    assert_eq!(statuses(&answers.await), BTreeMap::from([(404, quota), (429, REQUESTS - quota)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_guesses_from_one_address_or_at_one_account_the_quota_is_admitted() {
    let expected = |quota: u32| BTreeMap::from([(401, quota as usize), (429, REQUESTS - quota as usize)]);
    let world = quiet_world().await;
    let answers = send_at_once(&world, |number| sign_in(&format!("user_{number}"), [192, 0, 2, 1]));
    assert_eq!(statuses(&answers.await), expected(AUTH_ADDRESS.quota), "from one address");
    let answers =
        send_at_once(&world, |number| sign_in("provider", [10, 9, (number / 256) as u8, number as u8]));
    assert_eq!(statuses(&answers.await), expected(AUTH.quota), "at one account");
}
