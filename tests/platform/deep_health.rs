//! The deep health check: keys that are tried, dry runs, and refused webhooks.

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use local::service::SANDBOX_VALUES;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;

use support::senders::Sender;
use support::signing::{SECRET, Scheme};
use support::world::{Answer, World, bare, id_of, payment_failed};

const DEEP: &str = "/api/health/deep";

async fn deep(world: &World) -> Answer {
    world.operator(Method::GET, DEEP).await
}

/// A world whose jobs have run, with this value of a variable.
async fn with(name: &'static str, value: &'static str) -> World {
    let lookup = move |known: &str| (known == name).then(|| value.to_owned());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    world.tick().await;
    world
}

fn fault(world: &World, provider: Provider, operation: Operation, kind: &str) {
    let kind = kind.parse().unwrap();
    world.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
}

#[tokio::test]
async fn every_configured_key_is_tried_and_nothing_is_changed_or_shown() {
    let world = World::start().await;
    world.tick().await;
    let answer = deep(&world).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let health = answer.json();
    for name in ["stripe", "whop", "resend"] {
        let key = &health["checks"]["keys"][name];
        assert_eq!((&key["status"], &key["reason"]), (&json!("ok"), &json!(null)), "{name}: {health}");
        assert_eq!(key["checked_at"], "2025-11-18T09:02:03.000Z");
    }
    for name in ["user_tokens", "reminder_texts"] {
        assert_eq!(health["checks"][name]["status"], "ok", "{health}");
    }
    assert_eq!(world.service.sandbox.outbox.entries().len(), 0);
    for (name, value) in SANDBOX_VALUES {
        let is_secret = name.contains("SECRET") || name.contains("KEY") || name.contains("PASSWORD");
        assert!(!(is_secret && answer.body.contains(value)), "{name} is shown: {answer:?}");
    }
    let public = world.ask(bare(Method::GET, "/api/health?type=webhooks")).await.ok();
    assert_eq!(public["checks"]["webhooks"], json!({"missing_configuration": [], "only_refused": []}));
}

#[tokio::test]
async fn a_wrong_key_fails_the_check_by_name_and_reason() {
    for (name, value, provider, reason) in [
        ("STRIPE_SECRET_KEY", "sk_live_of_another_account", "stripe", "invalid_request_error"),
        ("WHOP_API_KEY", "wrong", "whop", "unauthorized"),
        ("RESEND_API_KEY", "wrong", "resend", "invalid_api_key"),
    ] {
        let world = with(name, value).await;
        if name == "STRIPE_SECRET_KEY" {
            fault(&world, Provider::Stripe, Operation::Balance, "status:401");
        }
        let answer = deep(&world).await;
        assert_eq!(answer.status, 503, "{name}: {answer:?}");
        let health = answer.json();
        let keys = health["checks"]["keys"].as_object().unwrap();
        let failed: Vec<&String> =
            keys.iter().filter(|(_, key)| key["status"] == "failed").map(|(name, _)| name).collect();
        assert_eq!(failed, [provider], "{health}");
        assert_eq!(keys[provider]["reason"], reason, "{health}");
        assert!(!answer.body.contains(value), "{answer:?}");
    }
}

#[tokio::test]
async fn a_key_that_may_only_send_is_enough_for_mail() {
    let world = with("RESEND_API_KEY", "re_full_access_key").await;
    let key = deep(&world).await.ok()["checks"]["keys"]["resend"].clone();
    assert_eq!((&key["status"], &key["reason"]), (&json!("ok"), &json!(null)), "a full key");
    let world = with("RESEND_API_KEY", "re_sandbox_sending_key").await;
    let key = deep(&world).await.ok()["checks"]["keys"]["resend"].clone();
    assert_eq!((&key["status"], &key["reason"]), (&json!("ok"), &json!("sending_access_only")));
}

#[tokio::test]
async fn a_key_that_is_not_set_is_named_and_does_not_fail_the_check() {
    for (name, provider, named) in [
        ("STRIPE_SECRET_KEY", "stripe", "STRIPE_SECRET_KEY"),
        ("RESEND_API_KEY", "resend", "RESEND_API_KEY"),
        ("EMAIL_FROM", "resend", "EMAIL_FROM"),
    ] {
        let world = with(name, " ").await;
        let health = deep(&world).await.ok();
        let key = &health["checks"]["keys"][provider];
        assert_eq!((&key["status"], &key["reason"]), (&json!("not_configured"), &json!(named)), "{health}");
    }
}

#[tokio::test]
async fn user_tokens_that_cannot_be_verified_fail_the_check() {
    let world = World::start().await;
    world.tick().await;
    fault(&world, Provider::Whop, Operation::Jwks, "status:500");
    let health = deep(&world).await.json();
    let tokens = &health["checks"]["user_tokens"];
    assert_eq!((&tokens["status"], &tokens["reason"]), (&json!("failed"), &json!("keys_unavailable")));
    world.all_well();
    assert_eq!(deep(&world).await.ok()["checks"]["user_tokens"]["status"], "ok");

    let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;
    let world = with("WHOP_USER_TOKEN_PUBLIC_KEY", rsa).await;
    let tokens = deep(&world).await.json()["checks"]["user_tokens"].clone();
    assert_eq!((&tokens["status"], &tokens["reason"]), (&json!("failed"), &json!("no_usable_key")));
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_does_not_answer_ends_the_check_in_time() {
    let world = World::start().await;
    world.tick().await;
    fault(&world, Provider::Stripe, Operation::Balance, "slow:8000");
    fault(&world, Provider::Whop, Operation::Access, "slow:8000");
    let started = tokio::time::Instant::now();
    let health = deep(&world).await.json();
    assert!(started.elapsed() < std::time::Duration::from_secs(6), "{:?}", started.elapsed());
    for name in ["stripe", "whop"] {
        assert_eq!(health["checks"]["keys"][name]["reason"], "no_answer_in_time", "{health}");
    }
    assert_eq!(health["checks"]["keys"]["resend"]["status"], "ok", "{health}");
}

/// A delivery of Whop, signed with a secret.
async fn deliver(world: &World, number: usize, secret: &str) -> u16 {
    let event = payment_failed(&format!("mem_{number}"), &format!("pay_{number}"), world.now());
    let request = Scheme::Standard.sign(&id_of(&event), world.now(), event.to_string().as_bytes(), secret);
    world.ask(request).await.status.as_u16()
}

async fn webhooks(world: &World) -> (u16, Value) {
    let answer = world.ask(bare(Method::GET, "/api/health?type=webhooks")).await;
    (answer.status.as_u16(), answer.json()["checks"]["webhooks"]["only_refused"].clone())
}

#[tokio::test]
async fn a_wrong_webhook_secret_shows_with_the_third_refused_delivery() {
    let world = World::start().await;
    assert_eq!(deliver(&world, 0, SECRET).await, 200);
    world.advance(Duration::minutes(10));
    for number in 1..=2 {
        assert_eq!(deliver(&world, number, "ws_another_secret").await, 401);
        assert_eq!(webhooks(&world).await, (200, json!([])), "{number}");
    }
    deliver(&world, 3, "ws_another_secret").await;
    assert_eq!(webhooks(&world).await, (503, json!(["whop"])));
    let health = deep(&world).await.json();
    let counts = &health["checks"]["webhooks"]["last_24_hours"]["whop"];
    assert_eq!((&counts["accepted"], &counts["refused"]), (&json!(1), &json!(3)), "{health}");
    assert_eq!(counts["last_accepted_at"], "2025-11-18T09:02:03.000Z");

    assert_eq!(deliver(&world, 4, SECRET).await, 200);
    assert_eq!(webhooks(&world).await, (200, json!([])), "the right secret is back");
}

#[tokio::test]
async fn refusals_of_long_ago_or_beside_accepted_deliveries_fail_nothing() {
    let world = World::start().await;
    for number in 0..5 {
        deliver(&world, number, "ws_another_secret").await;
    }
    assert_eq!(webhooks(&world).await.0, 503);
    world.advance(Duration::minutes(61));
    assert_eq!(webhooks(&world).await, (200, json!([])), "nobody tries any more");
    deliver(&world, 9, SECRET).await;
    for number in 10..15 {
        deliver(&world, number, "ws_another_secret").await;
    }
    assert_eq!(webhooks(&world).await, (200, json!([])), "a stranger beside the provider");
}

#[tokio::test]
async fn a_stranger_cannot_fill_the_table_or_name_a_source() {
    let world = World::start().await;
    for number in 0..40 {
        deliver(&world, number, "ws_another_secret").await;
        world.ask(bare(Method::POST, "/api/webhooks/whop")).await;
        let unknown = Sender::Shared;
        let body = unknown.body("evt_1");
        let request =
            unknown.sign("/api/webhooks/of-a-stranger", "evt_1", world.now(), &body, unknown.secret());
        assert_eq!(world.ask(request).await.status, 401);
    }
    let rows = world.rows_of("WEBHOOKS").await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["source"], &rows[0]["refused"]), (&json!("whop"), &json!("10")), "{rows:?}");
}
