//! A session is opened at sign-in, used by one browser, and ended here.

use chrono::Duration;
use http::{Method, Request};
use local::embedded::EmbeddedDynamo;
use serde_json::json;

use support::browser::{Browser, PASSWORD};
use support::world::World;

#[tokio::test]
async fn every_sign_in_has_a_new_session_and_ends_the_previous_one() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    let mut before = browser.clone();
    assert!(before.is_in(&world).await);
    let answer = browser.sign_in(&world, "provider", "sandbox-provider-password").await;
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"), "{cookie}");
    assert_ne!(browser.cookie, before.cookie);
    assert!(!before.is_in(&world).await, "the id of before is dead");
    assert!(browser.is_in(&world).await);
    let session = answer.ok();
    assert_eq!(session["account"]["role"], "provider");
    assert_eq!(session["account"]["company_id"], "biz_demo");
}

#[tokio::test]
async fn a_planted_id_is_never_adopted() {
    let world = World::start().await;
    let planted = "__Host-session=AAAAAAAAAAAAAAAAAAAAAA".to_owned();
    let mut victim = Browser { cookie: Some(planted.clone()), csrf_token: String::new() };
    victim.sign_in(&world, "provider", "sandbox-provider-password").await.ok();
    assert_ne!(victim.cookie.as_deref(), Some(planted.as_str()));
    let mut attacker = Browser { cookie: Some(planted), csrf_token: String::new() };
    assert!(!attacker.is_in(&world).await);
    // Nor does the attacker's own session become the victim's.
    let mut attacker = world.staff("developer").await;
    let mut victim = Browser { cookie: attacker.cookie.clone(), csrf_token: String::new() };
    victim.sign_in(&world, "provider", "sandbox-provider-password").await.ok();
    assert!(victim.is_in(&world).await && !attacker.is_in(&world).await);
}

#[tokio::test]
async fn the_id_is_in_no_row_and_two_cookies_are_none() {
    let world = World::start().await;
    let browser = world.staff("provider").await;
    let cookie = browser.cookie.clone().unwrap();
    let id = cookie.split_once('=').unwrap().1;
    let rows = json!(world.every_row().await).to_string();
    for secret in [id, &browser.csrf_token, "sandbox-provider-password"] {
        assert!(!rows.contains(secret), "{secret} in {rows}");
    }
    let request = Request::get("/api/auth/session")
        .header("cookie", format!("{cookie}; __Host-session=AAAAAAAAAAAAAAAAAAAAAA"));
    let answer = world.ask(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn an_unused_session_ends_after_half_an_hour_by_the_clock() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    for _ in 0..4 {
        world.advance(Duration::minutes(29));
        assert!(browser.is_in(&world).await, "a session in use lives on");
    }
    world.advance(Duration::minutes(30));
    assert!(!browser.is_in(&world).await);
    assert_eq!(world.rows_of("SESSION#").await.len(), 1, "the row is still there");
}

#[tokio::test]
async fn no_session_outlives_twelve_hours() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    for _ in 0..28 {
        world.advance(Duration::minutes(25));
        assert!(browser.is_in(&world).await);
    }
    world.advance(Duration::minutes(19));
    let session = browser.get(&world, "/api/auth/session").await.ok();
    assert_eq!(session["idle_expires_at"], session["expires_at"]);
    world.advance(Duration::minutes(1));
    assert!(!browser.is_in(&world).await);
}

#[tokio::test]
async fn a_session_in_use_is_written_at_most_once_in_five_minutes() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    let idle_until = async || world.rows_of("SESSION#").await[0]["idle_until"].clone();
    let first = idle_until().await;
    world.advance(Duration::seconds(299));
    assert!(browser.is_in(&world).await);
    assert_eq!(idle_until().await, first);
    world.advance(Duration::seconds(1));
    assert!(browser.is_in(&world).await);
    assert_ne!(idle_until().await, first);
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_not_only_in_the_browser() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    let mut copy = browser.clone();
    let answer = browser.post(&world, "/api/auth/sign-out", json!({})).await;
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"), "{answer:?}");
    assert_eq!((answer.ok(), browser.cookie.clone()), (json!({}), None));
    assert!(!copy.is_in(&world).await);
    assert_eq!(copy.post(&world, "/api/auth/sign-out", json!({})).await.status, 401);
    assert!(world.rows_of("SESSION#").await[0]["ended_at"].is_string(), "marked, not deleted");
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_of_the_account_and_no_other() {
    let world = World::start().await;
    let (mut here, mut there) = (world.staff("provider").await, world.staff("provider").await);
    let mut other = world.staff("developer").await;
    world.add_account("customer@example.com", PASSWORD).await;
    let mut customer = Browser::default();
    customer.sign_in(&world, "customer@example.com", PASSWORD).await.ok();
    for (browser, name, password) in [
        (&mut here, "provider", "sandbox-provider-password"),
        (&mut customer, "Customer@Example.com", PASSWORD),
    ] {
        let mut copy = browser.clone();
        browser.post(&world, "/api/auth/sign-out-everywhere", json!({})).await.ok();
        assert!(!copy.is_in(&world).await && browser.cookie.is_none());
        browser.sign_in(&world, name, password).await.ok();
        assert!(browser.is_in(&world).await, "the account can sign in again");
    }
    assert!(!there.is_in(&world).await);
    assert!(other.is_in(&world).await);
}

/// The same table under another environment.
async fn restarted(world: &World, name: &'static str, value: &'static str) -> World {
    let dynamo: EmbeddedDynamo = world.service.dynamo.clone();
    World::with(dynamo, move |asked| (asked == name).then(|| value.to_owned())).await
}

#[tokio::test]
async fn another_password_in_the_environment_ends_the_sessions_of_its_account() {
    let world = World::start().await;
    let (mut provider, mut developer) = (world.staff("provider").await, world.staff("developer").await);
    let same = restarted(&world, "CRON_SECRET", "another-cron-secret").await;
    assert!(provider.is_in(&same).await);
    let changed = restarted(&world, "PROVIDER_PASSWORD", "an entirely new one").await;
    assert!(!provider.is_in(&changed).await);
    assert!(developer.is_in(&changed).await);
    provider.sign_in(&changed, "provider", "an entirely new one").await.ok();
    assert!(provider.is_in(&changed).await && !provider.is_in(&world).await);
}

#[tokio::test]
async fn the_session_secret_rotates_without_a_gap() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    let both = "the-newest-session-secret, sandbox-session-secret";
    let rotated = restarted(&world, "SESSION_SECRET", both).await;
    let old_token = browser.csrf_token.clone();
    assert!(browser.is_in(&rotated).await);
    assert_ne!(browser.csrf_token, old_token, "new tokens are bound by the newest");
    browser.csrf_token = old_token;
    assert_eq!(browser.post(&rotated, "/api/auth/sign-out", json!({})).await.status, 200);
}

#[tokio::test]
async fn an_id_ended_while_it_is_used_stays_ended() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    world.advance(Duration::minutes(10));
    let (mut one, mut two) = (browser.clone(), browser.clone());
    let (out, used) = tokio::join!(
        one.send(&world, Method::POST, "/api/auth/sign-out", Some(json!({}))),
        two.get(&world, "/api/auth/session"),
    );
    assert!(out.status == 200 && (used.status == 200 || used.status == 401), "{used:?}");
    assert!(!browser.is_in(&world).await);
}
