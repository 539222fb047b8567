//! Secrets change while everything runs: the old one counts until it is taken out.

use http::Method;
use local::embedded::EmbeddedDynamo;
use local::service::Service;
use serde_json::json;

use support::browser::{Browser, PASSWORD};
use support::world::{World, secret_request};

const OLD: &str = "the-older-secret-0001";
const NEW: &str = "the-newest-secret-0002";
const EVENTS: &str = "/api/webhooks/events";

async fn world_with(name: &'static str, value: String) -> World {
    World::with(EmbeddedDynamo::memory(), move |asked| (asked == name).then(|| value.clone())).await
}

/// The same world, its table and its providers, after a deployment that changed a value.
async fn deploy(world: &mut World, name: &'static str, value: String) {
    let (sandbox, dynamo) = (world.service.sandbox.clone(), world.service.dynamo.clone());
    let lookup = move |asked: &str| (asked == name).then(|| value.clone());
    world.service = Service::start(sandbox, dynamo, lookup).await.unwrap();
}

#[tokio::test]
async fn the_schedulers_secret_rotates_without_a_gap_on_either_platform() {
    let world = world_with("CRON_SECRET", format!("{NEW},{OLD}")).await;
    for (secret, status) in [
        (NEW, 200),
        (OLD, 200),
        // Vercel sends the variable unchanged.
        (&*format!("{NEW},{OLD}"), 200),
        (&*format!("{NEW}, {OLD}"), 200),
        (&*format!("{NEW},guess"), 401),
        (&*format!("guess,{OLD}"), 401),
        (&*format!("{NEW},"), 401),
        (",", 401),
        ("", 401),
    ] {
        let answer = world.ask(secret_request(Method::GET, EVENTS, secret)).await;
        assert_eq!(answer.status, status, "{secret}");
    }
}

#[tokio::test]
async fn sessions_outlive_the_rotation_of_their_secret() {
    let mut world = world_with("SESSION_SECRET", OLD.to_owned()).await;
    let mut browser = world.staff("provider").await;
    deploy(&mut world, "SESSION_SECRET", format!("{NEW},{OLD}")).await;
    let before = browser.clone();
    assert!(browser.is_in(&world).await);
    let answer = before.clone().post(&world, "/api/auth/sign-out-everywhere", json!({})).await;
    assert_eq!(answer.status, 200, "a page that was open meanwhile bears a token of the old secret");
}

#[tokio::test]
async fn removing_a_secret_ends_its_sessions() {
    let mut world = world_with("SESSION_SECRET", OLD.to_owned()).await;
    let mut browser = world.staff("provider").await;
    deploy(&mut world, "SESSION_SECRET", NEW.to_owned()).await;
    assert!(!browser.is_in(&world).await, "a staff session is bound to the environment by it");
    assert!(world.staff("provider").await.is_in(&world).await);
}

#[tokio::test]
async fn what_was_sealed_with_the_older_key_is_still_read() {
    const OLD_KEY: &str = "b2xkLWVuY3J5cHRpb24ta2V5LTMyLWJ5dGVzLWxvbmc=";
    const NEW_KEY: &str = "bmV3LWVuY3J5cHRpb24ta2V5LTMyLWJ5dGVzLWxvbmc=";
    let mut world = world_with("ENCRYPTION_KEY", OLD_KEY.to_owned()).await;
    world.add_account("customer@example.com", PASSWORD).await;
    deploy(&mut world, "ENCRYPTION_KEY", format!("{NEW_KEY},{OLD_KEY}")).await;
    let mut browser = Browser::default();
    browser.sign_in(&world, "customer@example.com", PASSWORD).await.ok();
    let change = json!({"old_password": PASSWORD, "new_password": "customer@example.com"});
    let refused = browser.post(&world, "/api/auth/password/change", change).await;
    assert_eq!(refused.status, 400, "the sealed address is read, and is no password");
}
