//! A hostile issuer: discovery, keys, token answers and claims.

use std::sync::Arc;

use chrono::Duration;
use http::Method;
use serde_json::{Map, Value, json};
use shared::bearer::TokenError;
use shared::json::RESERVED_PREFIX;
use stand_ins::fault::Operation;

use support::hostile_bodies::hostile_bodies;
use support::hostile_bodies::nested_in_texts;
use support::hostile_bodies::on_usual_stack;
use support::returning::{Browser, START};
use support::world::{COMPANY, World};

#[test]
fn no_hostile_answer_of_an_issuer_crashes_or_signs_in() {
    on_usual_stack(|| async {
        for operation in [Operation::Discovery, Operation::IssuerKeys, Operation::Codes] {
            for (number, body) in answers().into_iter().enumerate() {
                let world = World::start().await;
                world.service.sandbox.oidc.answer_with(operation, Some(body));
                let mut browser = Browser::new(&world);
                let answer = if operation == Operation::Discovery {
                    browser.ask(Method::POST, START, Some(json!({}))).await
                } else {
                    browser.sign_in("provider").await
                };
                assert!(matches!(answer.status.as_u16(), 401 | 503), "{operation:?} {number}: {answer:?}");
                assert!(!browser.cookies.contains_key("__Host-session"), "{operation:?} {number}");
                assert!(answer.body.len() < 1_024, "{operation:?} {number}");
                world.service.sandbox.oidc.answer_with(operation, None);
                world.advance(Duration::minutes(1));
                Browser::new(&world).sign_in("provider").await.ok();
            }
        }
    });
}

#[test]
fn no_token_ends_the_process_whatever_is_nested_in_it() {
    on_usual_stack(|| async {
        let world = World::start().await;
        let issuer = world.service.sandbox.oidc.clone();
        let bearer = json!({"alg": "RS256", "typ": "at+jwt", "kid": "rs-1"});
        for (number, value) in values().into_iter().enumerate() {
            for name in ["sub", "role", "aud", "metadata"] {
                let spoil = |object: &mut Value| object[name] = value.clone();
                let mut claims = issuer.bearer_claims("owner", COMPANY);
                spoil(&mut claims);
                let mut header = bearer.clone();
                spoil(&mut header);
                let tokens = [issuer.sign(&bearer, &claims), issuer.sign(&header, &claims)];
                for token in &tokens {
                    let proven = world.service.app.bearer_tokens.verify(token, world.now()).await;
                    assert_eq!(proven.err(), Some(TokenError::Invalid), "bearer {name} {number}");
                }
                let (signer, value) = (issuer.clone(), value.clone());
                issuer.forge(Some(Arc::new(move |header: Value, mut claims: Value| {
                    claims[name] = value.clone();
                    signer.sign(&header, &claims)
                })));
                let mut browser = Browser::new(&world);
                let answer = browser.sign_in("provider").await;
                assert_eq!((answer.status.as_u16(), browser.cookies.len()), (401, 0), "{name} {number}");
            }
            // Long enough for the limits of the address to fill up again.
            world.advance(Duration::minutes(20));
        }
        issuer.forge(None);
        Browser::new(&world).sign_in("provider").await.ok();
    });
}

/// Every hostile body, non-JSON, and JSON of an unexpected type.
fn answers() -> Vec<String> {
    let mut all = hostile_bodies();
    for (open, close) in [("[", "]"), ("{\"keys\":", "}"), ("{\"id_token\":", "}")] {
        all.push(format!("{}0{}", open.repeat(20_000), close.repeat(20_000)));
    }
    all.push(format!("{{\"keys\":[{}]}}", "{},".repeat(80_000)));
    all.push(format!("{{\"id_token\":\"{}\"}}", "e30.".repeat(60_000)));
    all.push(" ".repeat(300_000));
    for plain in
        ["", "null", "7", "[]", "{}", "\"text\"", "{\"keys\":null,\"id_token\":7,\"issuer\":[]}", "<html>"]
    {
        all.push(plain.to_owned());
    }
    all
}

/// Values that no claim has: names that the parser keeps for itself, and far too many levels.
fn values() -> Vec<Value> {
    let reserved = |name: &str, text: String| {
        Value::Object(Map::from_iter([(format!("{RESERVED_PREFIX}{name}"), Value::String(text))]))
    };
    vec![
        reserved("RawValue", nested_in_texts()),
        reserved("RawValue", "\"user_provider\"".to_owned()),
        reserved("Number", "7".to_owned()),
        (0..1_000).fold(json!({}), |inner, _| json!([inner])),
    ]
}
