//! Signing in with an issuer, from the start to the session, and the attacks that must fail.

use crate::bearer_tokens::BearerTokensSteps;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Duration;
use http::Method;
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::oidc::CLIENT_ID;

use support::forgery::{ValidToken, forgeries};
use support::returning::{Browser, CALLBACK, START};
use support::world::{World, bare};

#[tokio::test]
async fn staff_sign_in_at_the_issuer() {
    let world = World::start().await;
    for role in ["provider", "developer", "accountant"] {
        let mut browser = Browser::new(&world);
        let url = browser.start().await;
        for part in ["response_type=code", "scope=openid", "code_challenge_method=S256", "&nonce=", "&state="]
        {
            assert!(url.contains(part), "{url}");
        }
        let sealed = browser.cookies["__Host-oidc"].clone();
        let returned = browser.visit(&url, role).await;
        assert!(!sealed.contains(returned["state"].as_str().unwrap()), "sealed, not only kept");
        let page = browser.ask(Method::GET, &format!("{CALLBACK}?code=x&state=y"), None).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-type").unwrap().starts_with("text/html"));
        assert!(!browser.cookies.contains_key("__Host-session"), "looking changes nothing");
        let signed_in = browser.finish(&returned).await.ok();
        assert_eq!(signed_in["account"]["role"], role);
        assert_eq!(signed_in["account"]["company_id"], "biz_demo");
        assert!(!browser.cookies.contains_key("__Host-oidc"), "what was begun is over");
        let session = browser.ask(Method::GET, "/api/auth/session", None).await.ok();
        assert_eq!(session["account"], signed_in["account"]);
    }
    assert_eq!(world.asked_issuer(Operation::Discovery), 1);
    assert_eq!(world.asked_issuer(Operation::IssuerKeys), 1);
}

#[tokio::test]
async fn what_was_used_once_is_used_up() {
    let world = World::start().await;
    let mut browser = Browser::new(&world);
    let url = browser.start().await;
    let returned = browser.visit(&url, "provider").await;
    let before = browser.cookies.clone();
    browser.finish(&returned).await.ok();
    assert_eq!(browser.finish(&returned).await.status, 401, "the cookie is removed");
    browser.cookies = before;
    let replayed = browser.finish(&returned).await;
    assert_eq!(replayed.status, 401, "and with a copy of it the code is used up");
    assert!(!browser.cookies.contains_key("__Host-session"));
    assert_eq!(world.asked_issuer(Operation::Codes), 2);
}

#[tokio::test]
async fn only_the_browser_that_began_can_finish_and_only_in_time() {
    let world = World::start().await;
    let (mut ours, mut theirs) = (Browser::new(&world), Browser::new(&world));
    let (our_url, their_url) = (ours.start().await, theirs.start().await);
    let (our_return, their_return) =
        (ours.visit(&our_url, "provider").await, theirs.visit(&their_url, "provider").await);
    let (our_cookies, mixed) =
        (ours.cookies.clone(), json!({"code": their_return["code"], "state": our_return["state"]}));
    // A link with another user's code and state does not sign in as that user.
    for (cookies, returned, why) in [
        (our_cookies.clone(), their_return.clone(), "another's return"),
        (BTreeMap::new(), our_return.clone(), "no cookie"),
        (our_cookies.clone(), mixed, "another's code"),
        (tampered(&our_cookies), our_return.clone(), "a changed cookie"),
        (doubled(&our_cookies), our_return.clone(), "two cookies"),
        (our_cookies.clone(), json!({"code": our_return["code"], "state": "x"}), "another state"),
    ] {
        ours.cookies = cookies;
        let answer = ours.finish(&returned).await;
        assert_eq!(answer.status, 401, "{why}: {answer:?}");
        assert!(
            !ours.cookies.contains_key("__Host-session") && !ours.cookies.contains_key("__Host-oidc"),
            "{why}"
        );
    }
    world.advance(Duration::minutes(10));
    ours.cookies = our_cookies;
    assert_eq!(ours.finish(&our_return).await.status, 401, "too late");
}

fn tampered(cookies: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let sealed = &cookies["__Host-oidc"];
    let (kept, end) = sealed.split_at(sealed.len() - 9);
    let other = if end.starts_with('A') { 'B' } else { 'A' };
    let changed = format!("{kept}{other}{}", &end[1..]);
    [("__Host-oidc".to_owned(), changed)].into()
}

fn doubled(cookies: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let sealed = &cookies["__Host-oidc"];
    [("__Host-oidc".to_owned(), format!("{sealed}; __Host-oidc={sealed}"))].into()
}

#[tokio::test]
async fn a_user_without_an_account_is_refused_without_a_reason() {
    let world = World::start().await;
    for user in ["nobody", "owner", "customer", "professional", "admin", "Provider"] {
        let mut browser = Browser::new(&world);
        let answer = browser.sign_in(user).await;
        assert_eq!((answer.status.as_u16(), browser.cookies.len()), (403, 0), "{user}");
        assert_eq!(answer.json()["detail"], "This account may not sign in here.", "{user}");
    }
}

#[tokio::test]
async fn a_denial_of_the_issuer_is_answered_with_a_sentence() {
    let world = World::start().await;
    let mut browser = Browser::new(&world);
    let answer = browser.sign_in("turns_back").await;
    assert_eq!((answer.status.as_u16(), browser.cookies.len()), (403, 0), "{answer:?}");
    for (changed, status) in [
        (json!({"error": "temporarily_unavailable"}), 503),
        (json!({"error": "login_required"}), 403),
        (json!({"code": "x", "iss": "https://evil.example"}), 401),
        (json!({"code": ""}), 400),
        (json!({"code": 1}), 400),
        (json!({"code": "x".repeat(4_097)}), 400),
        (json!({"code": "x", "redirect_uri": "https://evil.example"}), 400),
        (json!({}), 400),
    ] {
        let url = browser.start().await;
        let mut returned = changed.clone();
        returned["state"] = browser.visit(&url, "provider").await["state"].clone();
        assert_eq!(browser.finish(&returned).await.status, status, "{changed}");
    }
}

#[tokio::test]
async fn who_cannot_show_the_verifier_gets_nothing_for_a_code() {
    let world = World::start().await;
    let mut browser = Browser::new(&world);
    let (id, secret, issuer) =
        (CLIENT_ID, stand_ins::oidc::CLIENT_SECRET, world.service.sandbox.oidc.issuer());
    let back = "redirect_uri=http%3A%2F%2F127.0.0.1%3A3000%2Fapi%2Fauth%2Foidc%2Fcallback";
    for (verifier, status) in [("", 400), ("&code_verifier=", 400), ("&code_verifier=guess", 400)] {
        let url = browser.start().await;
        let returned = browser.visit(&url, "provider").await;
        let code = returned["code"].as_str().unwrap();
        let form = format!(
            "grant_type=authorization_code&code={code}&{back}{verifier}&client_id={id}&client_secret={secret}"
        );
        let request = world.service.app.http.post(format!("{issuer}/token"));
        assert_eq!(request.body(form).send().await.unwrap().status(), status, "{verifier}");
        assert_eq!(browser.finish(&returned).await.status, 401, "and the code is used up by the attempt");
    }
    let url = browser.start().await;
    let without: Vec<&str> = url.split('&').filter(|part| !part.starts_with("code_challenge")).collect();
    let refused = browser.visit(&without.join("&"), "provider").await;
    assert_eq!(refused["error"], "invalid_request", "nor is a code given out unbound");
}

#[tokio::test]
async fn a_forged_id_token_is_refused() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    let count = {
        let now = world.now().timestamp();
        let claims =
            json!({"iss": issuer.issuer(), "aud": CLIENT_ID, "sub": "user_1", "iat": now, "exp": now + 300});
        let sign = |header: &Value, claims: &Value| issuer.sign(header, claims);
        forgeries(&ValidToken {
            header: json!({"alg": "RS256", "typ": "JWT", "kid": "rs-1"}),
            claims,
            sign: &sign,
        })
        .len()
    };
    assert!(count > 90, "{count}");
    for index in 0..count {
        let signer = issuer.clone();
        issuer.forge(Some(Arc::new(move |header, claims| {
            let sign = |header: &Value, claims: &Value| signer.sign(header, claims);
            forgeries(&ValidToken { header, claims, sign: &sign }).swap_remove(index).1
        })));
        refused(&world, &format!("forgery {index}")).await;
    }
    for (why, change) in [
        ("no nonce", json!({"nonce": null})),
        ("another nonce", json!({"nonce": "x"})),
        ("for another client too", json!({"azp": "other"})),
        ("an access token", json!({"typ": "at+jwt"})),
    ] {
        let signer = issuer.clone();
        issuer.forge(Some(Arc::new(move |mut header: Value, mut claims: Value| {
            for (name, value) in change.as_object().unwrap() {
                let object = if name == "typ" { &mut header } else { &mut claims };
                object[name] = value.clone();
            }
            signer.sign(&header, &claims)
        })));
        refused(&world, why).await;
    }
    issuer.forge(None);
    Browser::new(&world).sign_in("provider").await.ok();
    assert!(
        world.asked_issuer(Operation::IssuerKeys) <= 2,
        "unknown keys do not cause repeated key requests"
    );
}

async fn refused(world: &World, why: &str) {
    let mut browser = Browser::new(world);
    let answer = browser.sign_in("provider").await;
    assert_eq!((answer.status.as_u16(), browser.cookies.len()), (401, 0), "{why}: {answer:?}");
    assert_eq!(answer.json()["detail"], "The issuer's answer does not prove your identity. Start again.");
}

#[tokio::test]
async fn every_kind_of_key_is_accepted_and_a_new_one_half_a_minute_later() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    Browser::new(&world).sign_in("provider").await.ok();
    for (alg, kid) in [("ES256", "es-2"), ("EdDSA", "ed-2")] {
        issuer.publish(kid);
        let signer = issuer.clone();
        issuer.forge(Some(Arc::new(move |_, claims: Value| {
            signer.sign(&json!({"alg": alg, "kid": kid}), &claims)
        })));
        assert_eq!(Browser::new(&world).sign_in("provider").await.status, 401, "keys were fetched just now");
        world.advance(Duration::seconds(30));
        Browser::new(&world).sign_in("provider").await.ok();
    }
}

#[tokio::test]
async fn while_the_issuer_does_not_answer_no_one_signs_in_and_nothing_is_lost() {
    for (operation, fault) in [
        (Operation::Discovery, "status:500"),
        (Operation::Discovery, "drop_before"),
        (Operation::IssuerKeys, "status:500"),
        (Operation::Codes, "status:500"),
        (Operation::Codes, "status:429"),
        (Operation::Codes, "drop_before"),
    ] {
        let world = World::start().await;
        let mut browser = Browser::new(&world);
        world.inject_issuer_fault(operation, fault);
        if operation == Operation::Discovery {
            let answer = browser.ask(Method::POST, START, Some(json!({}))).await;
            assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")), "{fault}");
            world.all_well();
            browser.sign_in("provider").await.ok();
            continue;
        }
        let url = browser.start().await;
        let returned = browser.visit(&url, "provider").await;
        let answer = browser.finish(&returned).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")), "{fault}");
        assert!(browser.cookies.contains_key("__Host-oidc"), "what was begun may be finished later");
        world.all_well();
        if operation == Operation::Codes {
            browser.finish(&returned).await.ok();
        }
    }
}

#[tokio::test]
async fn what_is_known_of_the_issuer_outlasts_its_outage() {
    let world = World::start().await;
    Browser::new(&world).sign_in("provider").await.ok();
    world.inject_issuer_fault(Operation::Discovery, "status:500");
    world.inject_issuer_fault(Operation::IssuerKeys, "status:500");
    world.advance(Duration::hours(13));
    for _ in 0..3 {
        Browser::new(&world).sign_in("provider").await.ok();
    }
    assert_eq!(world.asked_issuer(Operation::Discovery), 2, "a failing issuer is not called again");
}

#[tokio::test]
async fn without_its_variables_single_sign_on_is_off() {
    let lookup = |name: &str| name.starts_with("OIDC_").then(String::new);
    let world = World::with(EmbeddedDynamo::memory(), lookup).await;
    for path in [START, CALLBACK] {
        let answer = world.ask(bare(Method::POST, path)).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("2")), "{path}");
        assert!(answer.body.contains("OIDC_ISSUER"), "what is missing is named: {answer:?}");
    }
}
