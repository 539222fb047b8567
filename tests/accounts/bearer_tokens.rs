//! Bearer tokens of configured issuers: which are accepted, and with which role and company.

use chrono::Duration;
use http::{Method, Request};
use serde_json::{Value, json};
use shared::bearer::{Bearer, BearerTokens, TokenError};
use shared::config::BearerIssuer;
use shared::domain::kernel::account::Role;
use stand_ins::fault::{FaultKind, Operation, Rule};
use stand_ins::oidc::AUDIENCE;
use stand_ins::outbox::Provider;

use support::forgery::{ValidToken, forgeries};
use support::world::{COMPANY, World};

#[easy_ext::ext(BearerTokensSteps)]
pub impl World {
    async fn bearer(&self, token: &str) -> Result<Bearer, TokenError> {
        self.service.app.bearer_tokens.verify(token, self.now()).await
    }

    /// The number of requests to the issuer's stand-in.
    fn asked_issuer(&self, operation: Operation) -> u64 {
        self.service.sandbox.oidc.requests().get(operation.name()).copied().unwrap_or_default()
    }

    /// Injects a fault into the issuer's stand-in until it is cleared.
    fn inject_issuer_fault(&self, operation: Operation, kind: &str) {
        let (provider, kind): (_, FaultKind) = (Provider::Oidc, kind.parse().unwrap());
        self.service.sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    }
}

fn header() -> Value {
    json!({"alg": "RS256", "typ": "at+jwt", "kid": "rs-1"})
}

/// Passes a valid token and the means to sign others to `test`.
fn good<T>(world: &World, test: impl FnOnce(&ValidToken<'_>) -> T) -> T {
    let issuer = &world.service.sandbox.oidc;
    let sign = |header: &Value, claims: &Value| issuer.sign(header, claims);
    test(&ValidToken { header: header(), claims: issuer.bearer_claims("owner", COMPANY), sign: &sign })
}

#[tokio::test]
async fn a_valid_token_determines_caller_role_and_company() {
    let world = World::start().await;
    for (role, word) in [(Role::Owner, "owner"), (Role::Accountant, "accountant")] {
        let token = world.service.sandbox.oidc.bearer(word, COMPANY);
        let bearer = world.bearer(&token).await.unwrap();
        assert_eq!((bearer.role, bearer.company.as_str()), (role, COMPANY));
        let (issuer, subject) = bearer.subject.split_once(':').unwrap();
        assert_eq!((issuer.len(), subject), (12, format!("client_{word}").as_str()));
    }
    assert_eq!(world.asked_issuer(Operation::IssuerKeys), 1);
}

#[tokio::test]
async fn a_forged_token_is_refused_and_fetches_no_keys() {
    let world = World::start().await;
    let tokens = good(&world, forgeries);
    assert!(tokens.len() > 90, "{}", tokens.len());
    for (why, token) in &tokens {
        assert_eq!(world.bearer(token).await, Err(TokenError::Invalid), "{why}");
    }
    assert!(world.asked_issuer(Operation::IssuerKeys) <= 1, "keys are fetched once, for all of them");
    world.bearer(&good(&world, |good| good.token())).await.unwrap();
}

#[tokio::test]
async fn a_token_without_a_mapped_role_and_company_is_refused() {
    let world = World::start().await;
    let with = |name: &str, value: Value| good(&world, |good| good.with_claim(name, value));
    let role = world.bearer(&with("role", json!(["staff", 7, "developer", "owner"]))).await.unwrap().role;
    assert_eq!(role, Role::Developer, "the first that is one of our roles");
    for (name, value) in [
        ("role", json!(null)),
        ("role", json!("admin")),
        ("role", json!("Owner")),
        ("role", json!([])),
        ("role", json!({"owner": true})),
        ("company_id", json!(null)),
        ("company_id", json!("")),
        ("company_id", json!("alpha")),
        ("company_id", json!([COMPANY])),
        ("company_id", json!("biz_alpha/../biz_beta")),
    ] {
        let found = world.bearer(&with(name, value.clone())).await;
        assert_eq!(found, Err(TokenError::Invalid), "{name} {value}");
    }
}

#[tokio::test]
async fn an_issuer_may_use_its_own_role_names() {
    let world = World::start().await;
    let issuer = &world.service.sandbox.oidc;
    let issuer: BearerIssuer = serde_json::from_value(json!({
        "issuer": issuer.issuer(), "audience": AUDIENCE, "jwks_url": issuer.jwks_url(),
        "role_claim": "groups", "company_claim": "tenant", "roles": {"admins": "owner"},
    }))
    .unwrap();
    let tokens = BearerTokens::new(world.service.app.http.clone(), vec![issuer]);
    let token = |groups: Value| {
        good(&world, |good| {
            let mut claims = good.claims.clone();
            (claims["groups"], claims["tenant"]) = (groups, json!(COMPANY));
            (good.sign)(&good.header, &claims)
        })
    };
    let found = tokens.verify(&token(json!(["users", "admins"])), world.now()).await.unwrap();
    assert_eq!((found.role, found.company.as_str()), (Role::Owner, COMPANY));
    for other in [json!("owner"), json!(["users"]), json!("")] {
        assert_eq!(tokens.verify(&token(other), world.now()).await, Err(TokenError::Invalid));
    }
}

#[tokio::test]
async fn what_a_good_token_may_leave_open_is_left_open() {
    let world = World::start().await;
    let own = format!("{}/userinfo", world.service.sandbox.oidc.issuer());
    let now = world.now().timestamp();
    for (name, value) in [
        ("aud", json!([AUDIENCE])),
        ("aud", json!([AUDIENCE, own])),
        ("exp", json!(now - 29)),
        ("exp", json!(1.9e9)),
        ("nbf", json!(now + 29)),
        ("iat", json!(now + 29)),
        ("iat", json!(null)),
        ("sub", json!("canary@example.com")),
    ] {
        let token = good(&world, |good| good.with_claim(name, value.clone()));
        let bearer = world.bearer(&token).await;
        assert!(bearer.is_ok(), "{name} {value}");
        assert!(!format!("{bearer:?}").contains("canary"), "a person's address goes by its hash");
    }
    for (name, value) in [("typ", json!(null)), ("typ", json!("JWT")), ("kid", json!(null))] {
        let token = good(&world, |good| good.with_header(name, value.clone()));
        assert!(world.bearer(&token).await.is_ok(), "{name} {value}");
    }
}

#[tokio::test]
async fn every_kind_of_published_key_proves_with_its_own_algorithm() {
    let world = World::start().await;
    world.service.sandbox.oidc.publish("ed-1");
    for (alg, kid) in [("RS256", "rs-1"), ("ES256", "es-1"), ("EdDSA", "ed-1")] {
        let header = json!({"alg": alg, "kid": kid});
        let token = good(&world, |good| (good.sign)(&header, &good.claims));
        assert!(world.bearer(&token).await.is_ok(), "{alg}");
    }
    // With two keys of its kind, a token must name one.
    world.service.sandbox.oidc.publish("es-2");
    world.advance(Duration::hours(12));
    let nameless = good(&world, |good| (good.sign)(&json!({"alg": "ES256"}), &good.claims));
    assert_eq!(world.bearer(&nameless).await, Err(TokenError::Invalid));
}

#[tokio::test]
async fn many_unknown_keys_cause_one_key_request_each_half_minute() {
    let world = World::start().await;
    let tokens = &world.service.app.bearer_tokens;
    for round in 1..=3 {
        let unknown = (0..200).map(|key| {
            let header = json!({"alg": "ES256", "kid": format!("own-{key}")});
            good(&world, |good| (good.sign)(&header, &good.claims))
        });
        let mut set = tokio::task::JoinSet::new();
        for token in unknown {
            let (tokens, now) = (tokens.clone(), world.now());
            set.spawn(async move { tokens.verify(&token, now).await });
        }
        for found in set.join_all().await {
            assert_eq!(found, Err(TokenError::Invalid));
        }
        assert_eq!(world.asked_issuer(Operation::IssuerKeys), round);
        world.advance(Duration::seconds(30));
    }
}

#[tokio::test]
async fn a_new_key_is_accepted_and_old_ones_outlast_an_outage() {
    let world = World::start().await;
    let token = |world: &World, kid: &str| {
        let header = json!({"alg": "ES256", "kid": kid});
        good(world, |good| (good.sign)(&header, &good.claims))
    };
    assert!(world.bearer(&token(&world, "es-1")).await.is_ok());
    world.service.sandbox.oidc.publish("es-2");
    world.advance(Duration::seconds(30));
    assert!(world.bearer(&token(&world, "es-2")).await.is_ok());
    world.inject_issuer_fault(Operation::IssuerKeys, "status:500");
    world.advance(Duration::hours(13));
    assert!(world.bearer(&token(&world, "es-1")).await.is_ok(), "known keys serve on");
    assert_eq!(world.bearer(&token(&world, "es-3")).await, Err(TokenError::KeysUnavailable));
    let asked = world.asked_issuer(Operation::IssuerKeys);
    for _ in 0..10 {
        assert_eq!(world.bearer(&token(&world, "es-3")).await, Err(TokenError::KeysUnavailable));
    }
    assert_eq!(world.asked_issuer(Operation::IssuerKeys), asked, "a failing issuer is not called again");
}

#[tokio::test]
async fn without_keys_no_token_is_accepted_and_the_answer_is_503() {
    for fault in ["status:500", "status:404", "drop_before", "drop_after"] {
        let world = World::start().await;
        world.inject_issuer_fault(Operation::IssuerKeys, fault);
        let token = good(&world, |good| good.token());
        assert_eq!(world.bearer(&token).await, Err(TokenError::KeysUnavailable), "{fault}");
        world.all_well();
        assert!(world.bearer(&token).await.is_ok(), "{fault}");
    }
}

#[tokio::test]
async fn a_bearer_token_opens_the_routes_of_its_role() {
    let world = World::start().await;
    for (role, status) in [("owner", 200), ("accountant", 200), ("nobody", 401)] {
        let token = world.service.sandbox.oidc.bearer(role, COMPANY);
        let request = Request::builder().method(Method::GET).uri("/api/dashboard/kpis?window=30");
        let request = request.header("authorization", format!("Bearer {token}"));
        let answer = world.ask(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{role}: {answer:?}");
    }
}
