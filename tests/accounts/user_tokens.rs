//! Whop's user tokens: which are accepted, and for how long.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::auth::Access;
use shared::auth::routes::ROUTES;
use shared::providers::tokens::TokenError;
use stand_ins::fault::Operation;
use stand_ins::whop::APP_ID;

use support::forgery::{ValidToken, forgeries};
use support::world::{Answer, COMPANY, OWNER, World};

const ISSUER: &str = "urn:whopcom:exp-proxy";

fn header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": "sandbox-1"})
}

fn claims(world: &World) -> Value {
    let now = world.now().timestamp();
    json!({"iss": ISSUER, "sub": OWNER, "aud": APP_ID, "iat": now, "exp": now + 3600})
}

/// The valid token with one change.
fn with(world: &World, claim: &str, value: Value) -> String {
    let mut claims = claims(world);
    claims[claim] = value;
    world.service.sandbox.whop.sign_token(header(), claims)
}

fn with_header(world: &World, header: Value) -> String {
    world.service.sandbox.whop.sign_token(header, claims(world))
}

async fn ask(world: &World, method: Method, path: &str, token: &str) -> Answer {
    let mut request = world.owner_request(COMPANY, OWNER, method, path, None);
    request.headers_mut().insert("x-whop-user-token", token.parse().unwrap());
    world.ask(request).await
}

async fn status(world: &World, token: &str) -> u16 {
    ask(world, Method::GET, "/api/settings", token).await.status.as_u16()
}

/// Tokens that prove nothing, each for its own reason.
fn worthless(world: &World) -> Vec<(&'static str, String)> {
    let now = world.now().timestamp();
    let good = with_header(world, header());
    let (body, signature) = good.rsplit_once('.').unwrap();
    let foreign = with(world, "sub", json!("user_stranger"));
    let (foreign_body, foreign_signature) = foreign.rsplit_once('.').unwrap();
    let unsigned = with_header(world, json!({"alg": "none", "kid": "sandbox-1"}));
    vec![
        ("no token", "nonsense".to_owned()),
        ("empty parts", "..".to_owned()),
        ("two parts", body.to_owned()),
        ("no signature", format!("{body}.")),
        ("another's signature", format!("{body}.{foreign_signature}")),
        ("another's claims", format!("{foreign_body}.{signature}")),
        ("expired", with(world, "exp", json!(now - 31))),
        ("never expires", with(world, "exp", Value::Null)),
        ("expiry as a text", with(world, "exp", json!("tomorrow"))),
        ("not yet", with(world, "nbf", json!(now + 3600))),
        ("another app", with(world, "aud", json!("app_other"))),
        ("apps in a list", with(world, "aud", json!([APP_ID]))),
        ("apps in a longer list", with(world, "aud", json!([APP_ID, "app_other"]))),
        ("no app", with(world, "aud", Value::Null)),
        ("another issuer", with(world, "iss", json!("urn:whopcom:other"))),
        ("no user", with(world, "sub", json!("biz_alpha"))),
        ("a user with a path", with(world, "sub", json!("user_owner/access/biz_alpha?"))),
        ("alg none", unsigned.clone()),
        ("alg none, unsigned", format!("{}.", unsigned.rsplit_once('.').unwrap().0)),
        ("HS256", with_header(world, json!({"alg": "HS256", "kid": "sandbox-1"}))),
        ("ES384", with_header(world, json!({"alg": "ES384", "kid": "sandbox-1"}))),
        ("an unknown key", with_header(world, json!({"alg": "ES256", "kid": "own-key"}))),
        ("a key of its own", with_header(world, json!({"alg": "ES256", "kid": "own-key", "jwk": {}}))),
        ("oversized", with(world, "more", json!("x".repeat(5_000)))),
    ]
}

#[tokio::test]
async fn an_invalid_token_is_refused_at_every_route() {
    let world = World::start().await;
    let tokens = worthless(&world);
    for route in ROUTES.iter().filter(|route| route.access == Access::OWNER) {
        let path = route.path.replace("{case_id}", "00000000-0000-4000-8000-000000000000");
        let path = path.replace("{membership_id}", "mem_1");
        for (why, token) in &tokens {
            let answer = ask(&world, route.method.parse().unwrap(), &path, token).await;
            assert_eq!(answer.status, 401, "{why} {path}");
            assert_eq!(
                answer.json()["detail"],
                "The user token is not valid.",
                "the reason is not revealed: {why}"
            );
        }
    }
    assert_eq!(world.asked(Operation::Access), 0, "Whop is not asked about an unproven user");
    assert_eq!(world.asked(Operation::Jwks), 1, "and unknown keys do not cause repeated key requests");
    assert_eq!(status(&world, &with_header(&world, header())).await, 200);
}

#[tokio::test]
async fn clocks_may_differ_a_little() {
    let world = World::start().await;
    let now = world.now().timestamp();
    assert_eq!(status(&world, &with(&world, "exp", json!(now - 29))).await, 200);
    assert_eq!(status(&world, &with(&world, "nbf", json!(now + 29))).await, 200);
    assert_eq!(status(&world, &with(&world, "exp", json!(i64::MAX))).await, 200, "far away is not before");
}

#[tokio::test]
async fn an_older_token_names_no_key_and_is_proven_by_any() {
    let world = World::start().await;
    world.service.sandbox.whop.rotate_key();
    assert_eq!(status(&world, &with_header(&world, json!({"alg": "ES256"}))).await, 200);
}

#[tokio::test]
async fn a_new_key_is_accepted_half_a_minute_after_the_last_request() {
    let world = World::start().await;
    let old = with_header(&world, header());
    assert_eq!(status(&world, &old).await, 200);
    world.service.sandbox.whop.rotate_key();
    let new = || world.service.sandbox.whop.user_token(OWNER, APP_ID);
    world.advance(Duration::seconds(29));
    assert_eq!(status(&world, &new()).await, 401, "keys are not fetched again so soon");
    world.advance(Duration::seconds(1));
    assert_eq!(status(&world, &new()).await, 200);
    assert_eq!(status(&world, &old).await, 200, "the old key is still published");
    assert_eq!(world.asked(Operation::Jwks), 2);
}

#[tokio::test]
async fn known_keys_outlast_an_outage_of_the_key_server() {
    let world = World::start().await;
    world.get("/api/settings").await;
    world.inject_fault(Operation::Jwks, "status:500", None, None);
    world.advance(Duration::hours(13));
    world.get("/api/settings").await;
    let unknown = with_header(&world, json!({"alg": "ES256", "kid": "own-key"}));
    assert_eq!(status(&world, &unknown).await, 503, "its key cannot be fetched now");
}

#[tokio::test]
async fn every_forged_token_is_refused() {
    let world = World::start().await;
    let whop = &world.service.sandbox.whop;
    let tokens = {
        let sign = |header: &Value, claims: &Value| whop.sign_token(header.clone(), claims.clone());
        forgeries(&ValidToken { header: header(), claims: claims(&world), sign: &sign })
    };
    let verifier = world.service.app.user_tokens.as_ref().unwrap();
    for (why, token) in &tokens {
        assert_eq!(verifier.verify(token, world.now()).await, Err(TokenError::Invalid), "{why}");
    }
    assert!(world.asked(Operation::Jwks) <= 1, "keys are fetched once, for all of them");
    assert_eq!(status(&world, &with_header(&world, header())).await, 200);
}
