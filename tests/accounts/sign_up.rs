//! Only the owner of a mail address can create an account for it.

use chrono::Duration;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};

use support::browser::{Browser, ORIGIN, PASSWORD};
use support::world::{Answer, World};

const ADDRESS: &str = "canary@example.com";

async fn confirm(world: &World, token: &str) -> Answer {
    confirm_with(world, token, PASSWORD).await
}

async fn confirm_with(world: &World, token: &str, password: &str) -> Answer {
    world.post_without_session("/api/auth/confirm", json!({"token": token, "password": password})).await
}

#[tokio::test]
async fn an_attacker_who_signs_up_the_address_of_another_person_cannot_access_the_account() {
    let world = World::start().await;
    let token = world.sign_up(ADDRESS, "chosen by a stranger").await;
    for guess in [PASSWORD, "", "chosen by a stranger "] {
        assert_eq!(confirm_with(&world, &token, guess).await.status, 400, "{guess}");
    }
    assert_eq!(status_of_sign_in(&world, "chosen by a stranger").await, 401);
    // The address's owner signs up, which makes the other link void.
    let own = world.sign_up(ADDRESS, PASSWORD).await;
    assert_eq!(confirm_with(&world, &token, "chosen by a stranger").await.status, 400);
    confirm(&world, &own).await.ok();
    assert_eq!(status_of_sign_in(&world, PASSWORD).await, 200);
}

async fn status_of_sign_in(world: &World, password: &str) -> u16 {
    Browser::default().sign_in(world, ADDRESS, password).await.status.as_u16()
}

fn comparable(answer: &Answer) -> (u16, Value) {
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn an_account_opens_with_the_link_of_its_mail() {
    let world = World::start().await;
    let token = world.sign_up("Canary@Example.com", PASSWORD).await;
    let mail = world.newest_mail();
    assert_eq!((mail.0.to.as_str(), mail.subject().as_str()), (ADDRESS, "Confirm your address"));
    assert_eq!(mail.link(), format!("{ORIGIN}/api/auth/confirm#{token}"), "behind the #, not in the query");
    assert_eq!(status_of_sign_in(&world, PASSWORD).await, 401);
    assert_eq!(confirm(&world, &token).await.ok(), json!({"outcome": "confirmed"}));
    let session = Browser::default().sign_in(&world, ADDRESS, PASSWORD).await.ok();
    assert_eq!(session["account"]["role"], "customer");
    assert_eq!(confirm(&world, &token).await.status, 400, "a link works once");
    let entries = world.rows_of("AUDIT#biz_demo").await;
    let kinds: Vec<&Value> = entries.iter().map(|entry| &entry["kind"]).collect();
    assert_eq!(kinds, ["account.confirmed", "account.signed_up"]);
}

#[tokio::test]
async fn a_sign_up_neither_reveals_nor_changes_an_existing_account() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let mut seen = Vec::new();
    for address in [ADDRESS, "nobody@example.com"] {
        world.service.dynamo.reset_requests();
        let body = json!({"email": address, "password": "another horse battery", "role": "professional", "language": "es"});
        let answer = world.post_without_session("/api/auth/sign-up", body).await;
        seen.push((comparable(&answer), world.table_work(), world.sent(Kind::Mail)));
    }
    assert_eq!((&seen[0].0, &seen[0].1), (&seen[1].0, &seen[1].1));
    assert_eq!((seen[0].2, seen[1].2), (2, 3), "each has one mail");
    let mails = world.service.sandbox.outbox.entries();
    let subjects: Vec<&str> = mails.iter().map(|mail| mail.detail["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["Confirm your address", "Ya tienes una cuenta", "Confirma tu dirección"]);
    assert_eq!(status_of_sign_in(&world, "another horse battery").await, 401);
    let session = Browser::default().sign_in(&world, ADDRESS, PASSWORD).await.ok();
    assert_eq!(session["account"]["role"], "customer");
}

#[tokio::test]
async fn the_password_that_counts_is_that_of_the_link_that_was_followed() {
    let world = World::start().await;
    let mine = world.sign_up(ADDRESS, PASSWORD).await;
    let newest = world.sign_up(ADDRESS, "another horse battery").await;
    assert_eq!(confirm(&world, &mine).await.status, 400, "a newer link makes it void");
    confirm_with(&world, &newest, "another horse battery").await.ok();
    assert_eq!(status_of_sign_in(&world, PASSWORD).await, 401);
    assert_eq!(status_of_sign_in(&world, "another horse battery").await, 200);
}

#[tokio::test]
async fn of_many_concurrent_uses_of_a_link_one_succeeds() {
    let world = World::start().await;
    let token = world.sign_up(ADDRESS, PASSWORD).await;
    let follow = || confirm(&world, &token);
    let (a, b, c, d) = tokio::join!(follow(), follow(), follow(), follow());
    let mut statuses = [a, b, c, d].map(|answer| answer.status.as_u16());
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400, 400, 400]);
    assert_eq!(world.rows_of("ACCOUNT#").await[0]["generation"], "1");
}

#[tokio::test]
async fn a_link_that_is_too_old_misshapen_or_unknown_is_one_answer() {
    let world = World::start().await;
    let token = world.sign_up(ADDRESS, PASSWORD).await;
    world.advance(Duration::hours(24));
    let old = confirm(&world, &token).await;
    assert_eq!(old.status, 400);
    for other in ["x", "0Xq3v9rT5mZc8sKfL1yWjB7uPd2hNgAeRi4oVtCxE6M", &format!("{token}=")] {
        assert_eq!(confirm(&world, other).await.json()["detail"], old.json()["detail"], "{other}");
    }
    let token = world.sign_up(ADDRESS, PASSWORD).await;
    world.advance(Duration::hours(24) - Duration::seconds(1));
    assert_eq!(confirm(&world, &token).await.status, 200);
}

#[tokio::test]
async fn no_row_has_an_address_password_or_token_in_clear_text() {
    let world = World::start().await;
    let token = world.sign_up(ADDRESS, PASSWORD).await;
    let reset = world.request_password_reset(ADDRESS).await;
    let pending = json!(world.every_row().await).to_string();
    confirm(&world, &token).await;
    Browser::default().sign_in(&world, ADDRESS, PASSWORD).await;
    let rows = pending + &json!(world.every_row().await).to_string();
    for secret in ["canary", "example.com", PASSWORD, &token, &reset] {
        assert!(!rows.to_lowercase().contains(&secret.to_lowercase()), "{secret}");
    }
    for mail in world.service.sandbox.outbox.entries() {
        let key = mail.idempotency_key.unwrap();
        assert!(key.starts_with("link:") && !key.contains(&token) && !key.contains(&reset));
    }
    let account = &world.rows_of("ACCOUNT#").await[0];
    let place = format!("account:{}", account["pk"].as_str().unwrap().split_once('#').unwrap().1);
    let vault = &world.service.app.config.vault;
    let opened = vault.open(&place, account["email_sealed"].as_str().unwrap()).unwrap();
    assert_eq!(opened, ADDRESS.as_bytes());
}

#[tokio::test]
async fn an_invalid_sign_up_is_refused_with_the_field() {
    let world = World::start().await;
    let good = json!({"email": ADDRESS, "password": PASSWORD, "role": "customer"});
    for (field, value) in [
        ("email", json!("canary")),
        ("email", json!("canary@example.com\r\nbcc: other@example.com")),
        ("password", json!("short")),
        ("password", json!("CANARY@example.com")),
        ("password", json!("a".repeat(257))),
        ("role", json!("owner")),
        ("role", json!("provider")),
        ("language", json!("de")),
        ("company_id", json!("biz_alpha")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = world.post_without_session("/api/auth/sign-up", body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["field"]), (400, &json!(field)));
    }
    assert!(world.rows().await.is_empty() && world.sent(Kind::Mail) == 0);
}

#[tokio::test]
async fn without_mail_known_and_unknown_addresses_get_the_same_answer() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    let (provider, operation, kind) = (Provider::Resend, Operation::Emails, "status:500".parse().unwrap());
    world.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    let mut seen = Vec::new();
    for address in [ADDRESS, "nobody@example.com"] {
        let sign_up = json!({"email": address, "password": PASSWORD, "role": "customer"});
        let answer = world.post_without_session("/api/auth/sign-up", sign_up).await;
        let forgot = world.post_without_session("/api/auth/password/forgot", json!({"email": address})).await;
        seen.push((answer.status.as_u16(), forgot.status.as_u16(), answer.json()["detail"].clone()));
    }
    assert_eq!((seen[0].0, seen[0].1), (503, 503));
    assert_eq!(seen[0], seen[1]);
    world.all_well();
    let token = world.sign_up("nobody@example.com", PASSWORD).await;
    assert_eq!(confirm(&world, &token).await.status, 200);
}

#[tokio::test]
async fn without_mails_a_sign_up_is_refused_before_any_work() {
    for name in ["RESEND_API_KEY", "EMAIL_FROM", "ENCRYPTION_KEY", "TABLE_NAME"] {
        let lookup = |asked: &str| (asked == name).then(String::new);
        let world = World::with(EmbeddedDynamo::memory(), lookup).await;
        let body = json!({"email": ADDRESS, "password": PASSWORD, "role": "customer"});
        // Without a table the rate limit cannot be counted, and the answer reports that.
        let says = if name == "TABLE_NAME" { "The table " } else { name };
        let answer = world.post_without_session("/api/auth/sign-up", body).await;
        assert!(answer.status == 503 && answer.body.contains(says), "{answer:?}");
        let answer = world.post_without_session("/api/auth/password/forgot", json!({"email": ADDRESS})).await;
        assert!(answer.status == 503 && answer.body.contains(says), "{answer:?}");
    }
}
