//! The on-call credential: from a terminal, without a session, for what a person on call does.

use http::{Method, Request};
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::auth::routes::ROUTES;

use support::askers::{ON_CALL_KEY, OTHER};
use support::staff::keyed;
use support::world::{Answer, COMPANY, World, secret_request};

use crate::webhooks_waiting::of_unknown_owner;

const ACTOR: &str = "on_call:local";

async fn ask(
    world: &World,
    key: &str,
    method: Method,
    path: &str,
    company: Option<&str>,
    body: Value,
) -> Answer {
    let mut request = secret_request(method.clone(), path, key);
    if let Some(company) = company {
        request.headers_mut().insert("x-company-id", company.parse().unwrap());
    }
    if method != Method::GET {
        request.headers_mut().insert("content-type", "application/json".parse().unwrap());
        *request.body_mut() = body.to_string().into();
        keyed(&mut request);
    }
    world.ask(request).await
}

async fn get(world: &World, path: &str, company: Option<&str>) -> Answer {
    ask(world, ON_CALL_KEY, Method::GET, path, company, Value::Null).await
}

#[tokio::test]
async fn what_is_done_with_a_key_is_audited_under_the_persons_name() {
    let world = World::of_two_companies().await;
    let finding = world.file_finding(Some(COMPANY), "tr_1").await;
    let path = format!("/api/operations/findings/{finding}/resolve");
    let note = json!({"note": "Agreed on by mail."});
    let closed = ask(&world, ON_CALL_KEY, Method::POST, &path, None, note).await.ok();
    assert_eq!(closed["closing"]["by"], ACTOR, "{closed:#}");
    let history = get(&world, &format!("/api/history/finding/{finding}"), None).await.ok();
    let audited = history["data"].as_array().unwrap().iter().find(|entry| entry["name"] == "finding.closed");
    assert_eq!(audited.unwrap()["actor"], ACTOR, "{history:#}");
}

#[tokio::test]
async fn a_key_acts_in_the_platforms_company_unless_the_request_names_another() {
    let world = World::of_two_companies().await;
    let theirs = world.open_case(OTHER, "mem_2").await;
    let path = format!("/api/history/case/{theirs}");
    assert_eq!(get(&world, &path, None).await.status, 404);
    let entries = get(&world, &path, Some(OTHER)).await.ok();
    assert!(entries["data"].as_array().is_some_and(|entries| !entries.is_empty()), "{entries:#}");
    assert_eq!(get(&world, &path, Some("nobody")).await.status, 404, "no company is called so");

    let finding = world.file_finding(Some(OTHER), "tr_2").await;
    let path = format!("/api/operations/findings/{finding}/resolve");
    let close = async |company| {
        ask(&world, ON_CALL_KEY, Method::POST, &path, company, json!({"note": "Agreed."})).await
    };
    assert_eq!(close(None).await.status, 404);
    close(Some(OTHER)).await.ok();
    let audited = world.rows_of(&format!("AUDIT#{OTHER}")).await;
    assert!(
        audited.iter().any(|row| row["kind"] == "finding.closed" && row["cause"] == ACTOR),
        "{audited:#?}"
    );
}

#[tokio::test]
async fn without_a_platform_company_the_request_names_one() {
    // Staff accounts need the platform's company, so there are none here.
    let is_of_accounts = |name: &str| {
        name == "PLATFORM_COMPANY_ID"
            || ["PROVIDER_", "DEVELOPER_", "ACCOUNTANT_", "OIDC_"].iter().any(|group| name.starts_with(group))
    };
    let lookup = move |name: &str| is_of_accounts(name).then(String::new);
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let unnamed = get(&world, "/api/operations", None).await;
    assert_eq!(unnamed.status, 400, "{unnamed:?}");
    assert!(unnamed.body.contains("x-company-id"), "{unnamed:?}");
    get(&world, "/api/operations", Some(COMPANY)).await.ok();
    get(&world, "/api/webhooks/events", None).await.ok();
}

#[tokio::test]
async fn a_replay_is_audited_with_the_person_and_found_in_the_events_history() {
    let lookup = |name: &str| (name == "PLATFORM_COMPANY_ID").then(|| COMPANY.to_owned());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let (id, event) = of_unknown_owner(&world, "1");
    world.deliver(&id, event).await.ok();
    for _ in 0..100 {
        world.advance(chrono::Duration::hours(6));
        world.tick().await;
    }
    let replay = format!("/api/webhooks/events/{id}/replay");
    ask(&world, ON_CALL_KEY, Method::POST, &replay, None, json!({})).await.ok();
    let history = get(&world, &format!("/api/history/event/{id}"), None).await.ok();
    let entries = history["data"].as_array().unwrap();
    let replayed = entries.iter().find(|entry| entry["name"] == "event.replayed").unwrap();
    assert_eq!((&replayed["actor"], &replayed["event_id"]), (&json!(ACTOR), &json!(id)), "{history:#}");
    let arrived = entries.iter().find(|entry| entry["kind"] == "event").unwrap();
    assert_eq!(arrived["provider"], "whop", "{history:#}");
}

#[tokio::test]
async fn a_key_opens_no_payout_no_settings_and_no_account() {
    let open: Vec<String> =
        ROUTES.iter().filter(|row| row.on_call).map(|row| format!("{} {}", row.method, row.path)).collect();
    for closed in ["payouts", "settings", "auth", "nudge", "professionals", "bookings", "/api/cases", "cron"]
    {
        assert!(!open.iter().any(|route| route.contains(closed)), "{closed}: {open:?}");
    }
    assert!(open.len() >= 7, "{open:?}");
}

#[tokio::test]
async fn a_wrong_key_gets_the_answer_of_a_wrong_token_and_is_counted_like_it() {
    let world = World::start().await;
    for key in ["guess", "local=sandbox-on-call-key", "sandbox-on-call-ke", "sandbox-on-call-key1", "", ","] {
        let answer = ask(&world, key, Method::GET, "/api/operations", None, Value::Null).await;
        assert_eq!(answer.status, 401, "{key}: {answer:?}");
        let policy = answer.header("ratelimit-policy").unwrap_or_default();
        assert!(policy.starts_with("\"token\""), "{key}: {answer:?}");
    }
    let mut both = secret_request(Method::GET, "/api/operations", ON_CALL_KEY);
    both.headers_mut().insert("x-whop-user-token", "a.b.c".parse().unwrap());
    assert_eq!(world.ask(both).await.status, 401, "two credentials are ambiguous");
    let basic =
        Request::builder().uri("/api/operations").header("authorization", format!("Basic {ON_CALL_KEY}"));
    assert_eq!(world.ask(basic.body(axum::body::Body::empty()).unwrap()).await.status, 401);
}

#[tokio::test]
async fn keys_rotate_without_a_gap_and_end_with_a_deployment() {
    const OLD: &str = "the-older-on-call-key-1";
    const NEW: &str = "the-newest-on-call-key-2";
    let dynamo = EmbeddedDynamo::memory();
    let deployed = async |keys: String| {
        let lookup = move |name: &str| (name == "ON_CALL_KEYS").then(|| keys.clone());
        World::with(dynamo.clone(), lookup).await
    };
    let status = async |world: &World, key: &str| {
        ask(world, key, Method::GET, "/api/operations", None, Value::Null).await.status.as_u16()
    };
    let both = deployed(format!("ana={NEW},ana={OLD}")).await;
    assert_eq!((status(&both, NEW).await, status(&both, OLD).await), (200, 200));
    let newest = deployed(format!("ana={NEW}")).await;
    assert_eq!((status(&newest, NEW).await, status(&newest, OLD).await), (200, 401));
    let none = deployed(String::new()).await;
    assert_eq!(status(&none, NEW).await, 401, "without keys the credential is off");
}
