//! The answer to a sign-in does not reveal whether an account exists.

use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::auth::password;

use support::browser::{Browser, PASSWORD};
use support::world::{Answer, World, bare};

/// A problem document without the fields that differ in every answer.
fn comparable(answer: &Answer) -> Value {
    let mut problem = answer.json();
    problem.as_object_mut().unwrap().remove("request_id").unwrap();
    problem
}

#[tokio::test]
async fn an_unknown_name_a_wrong_password_and_an_unconfirmed_address_are_one_answer_and_one_work() {
    let world = World::start().await;
    world.add_account("customer@example.com", PASSWORD).await;
    world.sign_up("unconfirmed@example.com", PASSWORD).await;
    let mut seen = Vec::new();
    for (name, password) in [
        ("nobody@example.com", PASSWORD),
        ("nobody", PASSWORD),
        ("customer@example.com", "wrong horse battery"),
        ("unconfirmed@example.com", PASSWORD),
        ("provider", "sandbox-developer-password"),
        ("provider", "sandbox-provider-passwor"),
    ] {
        world.service.dynamo.reset_requests();
        let answer = Browser::default().sign_in(&world, name, password).await;
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        seen.push((answer.status.as_u16(), comparable(&answer), names, world.table_requests()));
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:#?}");
    let reads = seen[0].3.iter().filter(|operation| *operation == "GetItem").count();
    assert_eq!(reads, 1, "{:?}", seen[0].3);
}

#[tokio::test]
async fn a_staff_password_may_be_an_argon2id_hash() {
    let hash = password::hash(PASSWORD).await.unwrap();
    let lookup = |name: &str| (name == "PROVIDER_PASSWORD").then(|| hash.clone());
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(&world, "provider", &hash).await.status, 401, "the hash is no password");
    let session = browser.sign_in(&world, "Provider", PASSWORD).await.ok();
    assert_eq!(session["account"]["account_id"], "staff:provider");
}

#[tokio::test]
async fn an_invalid_sign_in_body_is_refused_before_hashing() {
    let world = World::start().await;
    let long = "a".repeat(257);
    for body in [
        json!([]),
        json!({}),
        json!({"username": "provider"}),
        json!({"username": "", "password": PASSWORD}),
        json!({"username": 1, "password": PASSWORD}),
        json!({"username": "provider", "password": long}),
        json!({"username": long, "password": PASSWORD}),
        json!({"username": "provider", "password": PASSWORD, "role": "provider"}),
    ] {
        let answer = world.post_without_session("/api/auth/sign-in", body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
    }
    assert!(world.rows().await.is_empty());
}

#[tokio::test]
async fn without_a_session_secret_the_answer_does_not_depend_on_the_password() {
    let unset = ["SESSION_SECRET", "PROVIDER_", "DEVELOPER_", "ACCOUNTANT_", "OIDC_"];
    let lookup = move |name: &str| unset.iter().any(|unset| name.starts_with(unset)).then(String::new);
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    world.add_account("customer@example.com", PASSWORD).await;
    for password in [PASSWORD, "wrong horse battery"] {
        let answer = Browser::default().sign_in(&world, "customer@example.com", password).await;
        assert_eq!(answer.status, 503, "{answer:?}");
        assert!(answer.body.contains("SESSION_SECRET"), "for every password alike: {answer:?}");
    }
}

#[tokio::test]
async fn a_page_runs_nothing_but_its_own_script_and_changes_nothing() {
    let world = World::start().await;
    for path in ["/api/auth/sign-in", "/api/auth/confirm", "/api/auth/password/reset"] {
        world.service.dynamo.reset_requests();
        let (page, other) =
            (world.ask(bare(Method::GET, path)).await, world.ask(bare(Method::GET, path)).await);
        assert_eq!(world.table_requests(), [""; 0], "{path}");
        let policy = page.header("content-security-policy").unwrap();
        let nonce = policy.split("script-src 'nonce-").nth(1).unwrap().split('\'').next().unwrap();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
                 form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
            )
        );
        assert!(nonce.len() == 22 && !other.body.contains(nonce), "a new nonce each time");
        let tags = page.body.matches("<script").count() + page.body.matches("<style").count();
        assert_eq!((tags, page.body.matches(&format!("nonce=\"{nonce}\"")).count()), (2, 2));
        for word in [
            "http:",
            "https:",
            "//",
            " src=",
            " onclick=",
            " onsubmit=",
            " style=",
            "javascript:",
            "<img",
            "<link",
        ] {
            let html: String = page.body.split("<script").next().unwrap().to_owned();
            assert!(!html.contains(word), "{word} in {path}");
        }
        let inputs = page.body.matches("<input").count();
        assert_eq!(page.body.matches("<label>").count(), inputs, "every input has its label");
        for part in ["<html lang=\"en\">", "width=device-width", "color-scheme", "aria-live"] {
            assert!(page.body.contains(part), "{part} in {path}");
        }
    }
}
