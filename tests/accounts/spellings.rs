//! People as they are: passwords and addresses in any script and any spelling, and an office behind one
//! address of the network.

use axum::body::Body;
use chrono::Duration;
use http::{Method, Request};
use serde_json::json;
use shared::http::extension::ClientIp;
use shared::rate_limit::class::{AUTH, AUTH_ADDRESS};
use stand_ins::outbox::Kind;

use support::browser::{Browser, PASSWORD};
use support::world::{Answer, World};

const ADDRESS: &str = "canary@example.com";
const COMPOSED: &str = "contraseña muy larguísima";
const DECOMPOSED: &str = "contrasen\u{303}a muy largui\u{301}sima";

/// The decomposed password as a version of before hashed it: the very text that was typed. Made by another tool.
const OLD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvZg$mWrA1k9Mb5DkVW3yJxfg68vtmsnP3OoR3NDZDRGt4TM";

async fn sign_in(world: &World, name: &str, password: &str) -> u16 {
    Browser::default().sign_in(world, name, password).await.status.as_u16()
}

#[tokio::test]
async fn a_password_matches_in_every_unicode_normalization() {
    for (chosen, typed) in [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)] {
        let world = World::start().await;
        let token = world.sign_up(ADDRESS, chosen).await;
        let confirm = json!({"token": token, "password": typed});
        world.post_without_session("/api/auth/confirm", confirm).await.ok();
        assert_eq!(sign_in(&world, ADDRESS, typed).await, 200);
        assert_eq!(
            sign_in(&world, ADDRESS, &typed.replace(' ', "\u{a0}")).await,
            200,
            "spaces of any script"
        );
        assert_eq!(sign_in(&world, ADDRESS, &typed.to_uppercase()).await, 401, "capital letters count");
        let mut browser = Browser::default();
        browser.sign_in(&world, ADDRESS, chosen).await.ok();
        let change = json!({"old_password": typed, "new_password": PASSWORD});
        browser.post(&world, "/api/auth/password/change", change).await.ok();
        assert_eq!(sign_in(&world, ADDRESS, PASSWORD).await, 200);
    }
}

#[tokio::test]
async fn a_hash_of_before_passwords_were_normalized_stays_usable_and_is_made_anew() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    // As it was hashed then: the very text that was typed.
    world.set_password_hash(OLD_HASH).await;
    assert_eq!(sign_in(&world, ADDRESS, COMPOSED).await, 401, "it is not known yet that it is the same");
    assert_eq!(sign_in(&world, ADDRESS, DECOMPOSED).await, 200);
    let renewed = world.rows_of("ACCOUNT#").await[0]["password_hash"].clone();
    assert_ne!(renewed, json!(OLD_HASH));
    for typed in [COMPOSED, DECOMPOSED] {
        assert_eq!(sign_in(&world, ADDRESS, typed).await, 200, "{typed}");
    }
    assert_eq!(world.rows_of("ACCOUNT#").await[0]["password_hash"], renewed, "once");
}

#[tokio::test]
async fn two_hundred_and_fifty_six_characters_are_counted_after_normalization() {
    let world = World::start().await;
    let long = format!("{COMPOSED} {}", "xyÿ7é ".repeat(40));
    let long: String = long.chars().take(256).collect();
    assert_eq!(long.chars().count(), 256);
    let decomposed = long.replace('é', "e\u{301}").replace('ÿ', "y\u{308}").replace('ñ', "n\u{303}");
    assert!(decomposed.chars().count() > 256);
    world.add_account(ADDRESS, &long).await;
    assert_eq!(sign_in(&world, ADDRESS, &decomposed).await, 200);
    let body = json!({"email": "other@example.com", "password": format!("{long}x"), "role": "customer"});
    assert_eq!(world.post_without_session("/api/auth/sign-up", body).await.status, 400);
    assert_eq!(sign_in(&world, ADDRESS, &"é".repeat(1_025)).await, 400, "bounded before");
}

#[tokio::test]
async fn a_password_that_guessers_try_first_is_refused_with_the_reason() {
    let world = World::start().await;
    let sign_up = async |password: &str| {
        let body =
            json!({"email": "maria.lopez@casa-feliz.example", "password": password, "role": "customer"});
        world.post_without_session("/api/auth/sign-up", body).await
    };
    for (password, reason) in [
        ("passwordpassword", "common password"),
        ("qwertyuiop12", "neighbouring keys"),
        ("Passw0rd1234", "common password"),
        ("MariaLopez2025", "your own name or address"),
        ("casafeliz-2025", "your own name or address"),
        ("justonce-2025!", "the service's or the company's name"),
        ("aaaaaaaaaaaaaa", "repeats"),
        ("short", "shorter"),
    ] {
        let answer = sign_up(password).await;
        let error = &answer.json()["errors"][0];
        assert_eq!((answer.status.as_u16(), &error["field"]), (400, &json!("password")), "{password}");
        assert!(error["message"].as_str().unwrap().contains(reason), "{password}: {error}");
        assert!(password == "short" || !answer.body.contains(password));
    }
    assert_eq!(sign_up(PASSWORD).await.status, 202);
}

#[tokio::test]
async fn an_address_in_another_script_is_one_account_in_either_form() {
    let (unicode, ascii) = ("user@münchen.example", "user@xn--mnchen-3ya.example");
    for (chosen, other) in [(unicode, ascii), (ascii, unicode)] {
        let world = World::start().await;
        world.add_account(chosen, PASSWORD).await;
        assert_eq!(world.newest_mail().0.to, ascii, "as mail servers take it");
        for name in [chosen, other, "User@MÜNCHEN.example"] {
            assert_eq!(sign_in(&world, name, PASSWORD).await, 200, "{name}");
        }
        world.post_without_session("/api/auth/password/forgot", json!({"email": other})).await;
        assert_eq!(world.newest_mail().subject(), "Choose a new password");
        assert_eq!(world.rows_of("ACCOUNT#").await.len(), 1);
    }
}

#[tokio::test]
async fn unsupported_letters_of_an_address_are_named() {
    let world = World::start().await;
    let body = json!({"email": "josé@example.com", "password": PASSWORD, "role": "customer"});
    for (path, body) in
        [("/api/auth/sign-up", body), ("/api/auth/password/forgot", json!({"email": "josé@example.com"}))]
    {
        let answer = world.post_without_session(path, body).await;
        let error = answer.json()["errors"][0].clone();
        assert_eq!((answer.status.as_u16(), &error["field"]), (400, &json!("email")), "{answer:?}");
        assert!(error["message"].as_str().unwrap().contains("before the @"), "{error}");
    }
    let mut job = world.job();
    job["customer_email"] = json!("josé@example.com");
    let answer = world.keyed(Method::POST, "/api/bookings", "key-1", job.clone()).await;
    let error = answer.json()["errors"][0].clone();
    assert_eq!(error["field"], "customer_email");
    assert!(error["message"].as_str().unwrap().contains("before the @"), "{error}");
    job["customer_email"] = json!("jose@münchen.example");
    let booking = world.keyed(Method::POST, "/api/bookings", "key-2", job).await.json();
    world.authorize(&booking).await;
    world.decide(&booking, "decline", "key-3").await.ok();
    world.settle().await;
    assert_eq!(world.newest_mail().0.to, "jose@xn--mnchen-3ya.example");
}

/// A sign-in from one address of the network.
async fn from_office(world: &World, name: &str, password: &str) -> Answer {
    let body = json!({"username": name, "password": password});
    let request = Request::post("/api/auth/sign-in").header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(ClientIp(Some([192, 0, 2, 1].into())));
    world.ask(request).await
}

#[tokio::test]
async fn an_office_behind_one_address_signs_in_as_often_as_it_likes() {
    let world = World::start().await;
    for name in ["one@example.com", "two@example.com"] {
        world.add_account(name, PASSWORD).await;
    }
    let staff = [
        ("one@example.com", PASSWORD),
        ("two@example.com", PASSWORD),
        ("provider", "sandbox-provider-password"),
    ];
    for round in 0..7 {
        for (name, password) in staff {
            let answer = from_office(&world, name, password).await;
            assert_eq!(answer.status, 200, "{name} in round {round}: {answer:?}");
        }
    }
    let answer = from_office(&world, "one@example.com", PASSWORD).await;
    assert_eq!(answer.header("x-rate-limit-remaining"), Some(&*AUTH.quota.to_string()), "given back");
    // A mistyped password is counted, and the caller is let in with the next right password.
    for _ in 1..AUTH.quota {
        assert_eq!(from_office(&world, "one@example.com", "wrong horse battery").await.status, 401);
    }
    assert_eq!(from_office(&world, "one@example.com", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn a_guesser_is_stopped_at_one_account_and_over_many() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    // From everywhere at one account.
    let mut statuses = Vec::new();
    for _ in 0..=AUTH.quota {
        statuses.push(sign_in(&world, ADDRESS, "wrong horse battery").await);
    }
    assert_eq!((statuses[AUTH.quota as usize - 1], statuses[AUTH.quota as usize]), (401, 429));
    assert_eq!(sign_in(&world, ADDRESS, PASSWORD).await, 429, "for any account");
    // From one address at many accounts, with a right password now and then.
    world.advance(Duration::minutes(15));
    let mut admitted = 0;
    for number in 0..AUTH_ADDRESS.quota + 20 {
        if number % 10 == 0 {
            from_office(&world, ADDRESS, PASSWORD).await;
        }
        let answer = from_office(&world, &format!("user_{number}"), "wrong horse battery").await;
        admitted += u32::from(answer.status == 401);
    }
    assert_eq!(admitted, AUTH_ADDRESS.quota, "a right password gives back its own token and no other");
}

#[tokio::test]
async fn what_a_sign_in_costs_the_table_is_counted() {
    let world = World::start().await;
    world.add_account(ADDRESS, PASSWORD).await;
    world.service.dynamo.reset_requests();
    assert_eq!(sign_in(&world, ADDRESS, PASSWORD).await, 200);
    assert_eq!(
        world.table_requests(),
        ["TransactWriteItems", "GetItem", "TransactWriteItems"],
        "the refund costs none of its own"
    );
}

#[easy_ext::ext(SpellingsSteps)]
impl World {
    /// Writes a hash over that of the one account, as a version of before left it.
    async fn set_password_hash(&self, hash: &str) {
        let rows = self.rows_of("ACCOUNT#").await;
        let pk = rows[0]["pk"].as_str().unwrap();
        let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
        let update = self.service.dynamo.client().update_item().table_name(local::service::TABLE);
        let update = update.key("pk", text(pk)).key("sk", text("ACCOUNT"));
        let update = update.update_expression("SET password_hash = :hash");
        update.expression_attribute_values(":hash", text(hash)).send().await.unwrap();
        assert_eq!(self.sent(Kind::Mail), 1, "only the mail of the sign-up");
    }
}
