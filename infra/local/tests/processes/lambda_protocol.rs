//! Calls real function binaries by Lambda's runtime protocol.

use local::demo;
use serde_json::json;
use shared::domain::kernel::clock::Clock;
use shared::providers::standard_webhooks::SigningKey;
use shared::providers::whop::{Secret, sign_standard};
use stand_ins::outbox::Kind;

use crate::cloud::{Cloud, ORIGIN, sign_in};
use crate::request::Request;
use crate::tally::{QUOTA, Tally};

#[tokio::test]
async fn a_session_opens_is_read_refuses_forgeries_and_ends() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("sign-in").await;
    let entered = function.ask(&sign_in("provider", "sandbox-provider-password")).await.ok();
    let cookie = entered.cookie().to_owned();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    assert!(pair.starts_with("__Host-session="), "{pair}");
    let csrf_token = entered.json()["csrf_token"].as_str().unwrap().to_owned();

    let show = Request::get("/api/auth/session").cookie("name=é").cookie(pair);
    let shown = function.ask(&show).await.ok();
    assert_eq!(shown.json()["account"]["role"], "provider");
    assert_eq!(shown.header("cache-control"), Some("no-store"));

    let leave = Request::post("/api/auth/sign-out", &json!({})).cookie(pair);
    let home = leave.clone().header("origin", ORIGIN);
    function.ask(&home).await.refused(403);
    function.ask(&home.clone().header("x-csrf-token", "guessed")).await.refused(403);
    let foreign = leave.header("origin", "https://elsewhere.example");
    function.ask(&foreign.header("x-csrf-token", &csrf_token)).await.refused(403);
    function.ask(&show).await.ok();

    let left = function.ask(&home.header("x-csrf-token", &csrf_token)).await.ok();
    assert!(left.cookie().contains("Max-Age=0"), "{left:?}");
    function.ask(&show).await.refused(401);
}

#[tokio::test]
async fn guesses_beyond_the_quota_of_an_address_are_refused_and_a_forged_address_does_not_help() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("sign-in").await;
    let mut tally = Tally::default();
    for guess in 0..QUOTA + 10 {
        // Every guess at another account, or its own limit would be the one that is seen.
        let request = sign_in(&format!("nobody-{guess}"), "a wrong password");
        let request = request.header("x-forwarded-for", &format!("198.51.100.{guess}"));
        let request = request.header("x-vercel-forwarded-for", &format!("198.51.100.{guess}"));
        let answer = function.ask(&request).await;
        tally.note(answer.status());
        if answer.status() == 429 {
            answer.refused(429);
            assert!(answer.header("retry-after").is_some(), "{answer:?}");
            assert_eq!(answer.header("ratelimit-policy"), Some("\"auth_address\";q=100;w=900"));
            assert_eq!(answer.header("x-rate-limit-remaining"), Some("0"));
        }
    }
    tally.holds();
    let elsewhere = sign_in("provider", "sandbox-provider-password").from("192.0.2.2");
    function.ask(&elsewhere).await.ok();
}

#[tokio::test]
async fn a_parameter_that_the_parser_keeps_for_itself_is_answered_by_every_function() {
    let cloud = Cloud::start().await;
    for (name, path) in [
        ("sign-in", "/api/auth/session"),
        ("settings", "/api/settings"),
        ("nudge", "/api/cases/none/nudge"),
        ("webhooks", "/api/webhooks/events"),
        ("reminders", "/api/scheduler/reminders"),
    ] {
        let mut function = cloud.function(name).await;
        for parameter in ["$serde_json::private::RawValue=x", "$serde_json::private::Number=x"] {
            let answer = function.ask(&Request::get(&format!("{path}?{parameter}"))).await;
            assert!((400..500).contains(&answer.status()), "{name}: {answer:?}");
            answer.refused(answer.status());
        }
        let hostile = json!({"$serde_json::private::RawValue": "[".repeat(100_000)}).to_string();
        let answer = function.ask(&Request::post_text(path, &hostile)).await;
        assert!((400..500).contains(&answer.status()), "{name}: {answer:?}");
    }
}

#[tokio::test]
async fn only_the_owner_reads_and_writes_settings() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("settings").await;
    let settings = || Request::get("/api/settings");
    function.ask(&cloud.as_owner(settings())).await.ok();
    function.ask(&settings()).await.refused(401);
    let another = function.ask(&cloud.as_user(demo::OWNER, "biz_other", settings())).await;
    let absent = function.ask(&cloud.as_user(demo::OWNER, "biz_absent", settings())).await;
    another.refused(401);
    absent.refused(401);
    assert_eq!(another.json()["detail"], absent.json()["detail"]);
}

#[tokio::test]
async fn a_preflight_is_answered_by_origin() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("settings").await;
    let asked = |origin: &str| {
        let request = Request::options("/api/settings").header("origin", origin);
        request.header("access-control-request-method", "PUT")
    };
    let listed = function.ask(&asked(ORIGIN)).await;
    assert_eq!((listed.status(), listed.header("access-control-allow-origin")), (204, Some(ORIGIN)));
    assert_eq!(listed.header("access-control-allow-credentials"), Some("true"));
    let foreign = function.ask(&asked("https://elsewhere.example")).await;
    foreign.refused(403);
    assert_eq!(foreign.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_nudge_with_one_key_is_one_message_and_one_answer() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("nudge").await;
    let first = function.ask(&cloud.nudge("key-1")).await.ok();
    let again = function.ask(&cloud.nudge("key-1")).await.ok();
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!((first.body(), cloud.service().sandbox.outbox.count(Kind::Push)), (again.body(), 1));
    let path = format!("/api/cases/{}/nudge", cloud.case_id);
    let other = cloud.as_owner(Request::post(&path, &json!({})).header("idempotency-key", "key-1"));
    function.ask(&other).await.refused(422);
}

#[tokio::test]
async fn an_event_is_taken_with_its_senders_signature_only() {
    let cloud = Cloud::start().await;
    let mut function = cloud.function("webhooks").await;
    let (now, body) = (Clock::system().now(), json!({"type": "charge.refunded", "data": {}}).to_string());
    let shared = SigningKey::parse("whsec_c2FuZGJveCBzaGFyZWQga2V5IG9mIDMyIGJ5dGVzISE=").unwrap();
    let whop = Secret::new("ws_sandbox_webhook_secret").unwrap();
    for (path, signature) in [
        ("/api/webhooks/whop", sign_standard("msg_1", now, body.as_bytes(), &whop)),
        ("/api/webhooks/sandbox", shared.sign("msg_1", now, body.as_bytes())),
    ] {
        let deliver = |body: &str| {
            Request::post_text(path, body)
                .header("webhook-id", "msg_1")
                .header("webhook-timestamp", &now.timestamp().to_string())
                .header("webhook-signature", &signature)
        };
        let forged = function.ask(&deliver(&body.replace("refunded", "captured"))).await;
        forged.refused(forged.status());
        assert!((400..=401).contains(&forged.status()), "{forged:?}");
        let taken = function.ask(&deliver(&body)).await;
        assert!((200..=202).contains(&taken.status()), "{path}: {taken:?}");
    }
}
