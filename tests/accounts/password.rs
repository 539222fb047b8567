//! A new password: by a link that works once, or by the old one.

use chrono::Duration;
use serde_json::json;
use stand_ins::outbox::Kind;

use support::browser::{Browser, ORIGIN, PASSWORD};
use support::world::{Answer, World};

const ADDRESS: &str = "canary@example.com";
const NEW: &str = "another horse battery";

async fn reset(world: &World, token: &str, password: &str) -> Answer {
    world
        .post_without_session("/api/auth/password/reset", json!({"token": token, "password": password}))
        .await
}

async fn signed_in(world: &World, password: &str) -> Browser {
    let mut browser = Browser::default();
    browser.sign_in(world, ADDRESS, password).await.ok();
    browser
}

#[tokio::test]
async fn a_link_sets_a_new_password_and_ends_every_session() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let mut browser = signed_in(&world, PASSWORD).await;
    let token = world.request_password_reset("Canary@Example.com").await;
    assert_eq!(world.newest_mail().link(), format!("{ORIGIN}/api/auth/password/reset#{token}"));
    assert!(browser.is_in(&world).await, "asking alone changes nothing");
    assert_eq!(reset(&world, &token, NEW).await.ok(), json!({"outcome": "password_set"}));
    assert!(!browser.is_in(&world).await);
    assert_eq!(browser.sign_in(&world, ADDRESS, PASSWORD).await.status, 401);
    assert!(signed_in(&world, NEW).await.is_in(&world).await);
    assert_eq!(reset(&world, &token, PASSWORD).await.status, 400, "a link works once");
}

#[tokio::test]
async fn a_password_reset_does_not_reveal_whether_an_account_exists() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let mut seen = Vec::new();
    for address in [ADDRESS, "nobody@example.com"] {
        world.service.dynamo.reset_requests();
        let before = world.sent(Kind::Mail);
        let answer = world.post_without_session("/api/auth/password/forgot", json!({"email": address})).await;
        assert_eq!(world.newest_mail().0.to, address);
        let mails = world.sent(Kind::Mail) - before;
        seen.push((answer.status.as_u16(), answer.json(), world.table_work(), mails));
    }
    assert_eq!((seen[0].0, seen[0].3), (202, 1));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(world.newest_mail().subject(), "There is no account with this address");
}

#[tokio::test]
async fn only_the_newest_link_works_and_only_for_an_hour() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let (older, newer) =
        (world.request_password_reset(ADDRESS).await, world.request_password_reset(ADDRESS).await);
    assert_eq!(reset(&world, &older, NEW).await.status, 400);
    world.advance(Duration::hours(1));
    assert_eq!(reset(&world, &newer, NEW).await.status, 400);
    let token = world.request_password_reset(ADDRESS).await;
    world.advance(Duration::minutes(59));
    assert_eq!(reset(&world, &token, NEW).await.status, 200);
}

#[tokio::test]
async fn a_link_serves_its_purpose_and_no_other() {
    let world = World::start().await;
    let confirm = world.sign_up(ADDRESS, PASSWORD).await;
    assert_eq!(reset(&world, &confirm, NEW).await.status, 400);
    let forgotten = world.request_password_reset(ADDRESS).await;
    let answer = world
        .post_without_session("/api/auth/confirm", json!({"token": forgotten, "password": PASSWORD}))
        .await;
    assert_eq!(answer.status, 400);
    // A password reset proves the address, so the password of a pending sign-up becomes void.
    reset(&world, &forgotten, NEW).await.ok();
    assert!(signed_in(&world, NEW).await.is_in(&world).await);
    let answer = world
        .post_without_session("/api/auth/confirm", json!({"token": confirm, "password": PASSWORD}))
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn of_many_concurrent_uses_of_a_link_one_sets_the_password() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let token = world.request_password_reset(ADDRESS).await;
    let follow = |password: &'static str| reset(&world, &token, password);
    let (a, b, c) = tokio::join!(
        follow("first horse battery"),
        follow("second horse battery"),
        follow("third horse battery")
    );
    let statuses = [a, b, c].map(|answer| answer.status.as_u16());
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 2, "{statuses:?}");
    let mut working = 0;
    for password in ["first horse battery", "second horse battery", "third horse battery", PASSWORD] {
        let answer = Browser::default().sign_in(&world, ADDRESS, password).await;
        working += usize::from(answer.status == 200);
    }
    assert_eq!(working, 1);
}

#[tokio::test]
async fn a_password_that_is_refused_does_not_use_the_link_up() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let token = world.request_password_reset(ADDRESS).await;
    for weak in ["short", "aaaaaaaaaaaaaaaa", "Canary@example.com"] {
        let answer = reset(&world, &token, weak).await;
        assert_eq!(answer.json()["errors"][0]["field"], "password", "{weak}");
    }
    assert_eq!(reset(&world, &token, NEW).await.status, 200);
}

#[tokio::test]
async fn a_change_keeps_this_session_under_a_new_id_and_ends_the_others() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let (mut here, mut there) = (signed_in(&world, PASSWORD).await, signed_in(&world, PASSWORD).await);
    let mut before = here.clone();
    let link = world.request_password_reset(ADDRESS).await;
    let change = |old: &str, new: &str| json!({"old_password": old, "new_password": new});
    for (old, new, field) in [
        ("wrong horse battery", NEW, "old_password"),
        (PASSWORD, "short", "new_password"),
        (PASSWORD, ADDRESS, "new_password"),
    ] {
        let answer = here.post(&world, "/api/auth/password/change", change(old, new)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["field"]), (400, &json!(field)));
    }
    world.advance(Duration::minutes(15));
    here.post(&world, "/api/auth/password/change", change(PASSWORD, NEW)).await.ok();
    assert_ne!(here.cookie, before.cookie);
    world.advance(Duration::minutes(15));
    assert!(here.is_in(&world).await && !before.is_in(&world).await && !there.is_in(&world).await);
    assert_eq!(reset(&world, &link, PASSWORD).await.status, 400, "links of before are void");
    assert!(signed_in(&world, NEW).await.is_in(&world).await);
    let entries = world.rows_of("AUDIT#biz_demo").await;
    let entry = entries.iter().find(|entry| entry["kind"] == "account.password_changed").unwrap();
    assert_eq!(
        entry["cause"],
        world.rows_of("ACCOUNT#").await[0]["pk"].as_str().unwrap()["ACCOUNT#".len()..]
    );
}

#[tokio::test]
async fn a_password_that_is_kept_elsewhere_is_not_changed_here() {
    let world = World::start().await;
    let mut browser = world.staff("provider").await;
    let body = json!({"old_password": "sandbox-provider-password", "new_password": NEW});
    assert_eq!(browser.post(&world, "/api/auth/password/change", body).await.status, 409);
    assert!(browser.is_in(&world).await);
}
