//! Tokens and answers of real issuers. The shapes are those of their public documentation and sample tokens;
//! only the values that we check are ours.

use std::sync::Arc;

use serde_json::{Value, json};
use stand_ins::oidc::CLIENT_ID;
use stand_ins::whop::APP_ID;

use support::returning::Browser;
use support::world::{COMPANY, OWNER, World, bare};

/// The claims that an issuer adds to the necessary ones, by its name.
fn shapes() -> Vec<(&'static str, Value)> {
    vec![
        (
            "Auth0",
            json!({
                "nickname": "ann", "name": "ann@example.com", "picture": "https://s.gravatar.com/avatar/1.png",
                "updated_at": "2025-11-17T10:59:07.841Z", "email": "ann@example.com", "email_verified": true,
                "sid": "SbfqKnYd", "https://example.com/roles": ["admin"],
            }),
        ),
        (
            "Google",
            json!({
                "azp": CLIENT_ID, "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q", "hd": "example.com",
                "email": "ann@example.com", "email_verified": "true", "name": "Ann", "locale": "en",
                "picture": "https://lh3.googleusercontent.com/a/1",
            }),
        ),
        (
            "Entra ID",
            json!({
                "ver": "2.0", "tid": "9188040d-6c67-4c5b-b112-36a304b66dad", "aio": "Df2UVXL1ix!lMCWMSOJBcFatzcGfvFGhjKv8q5g0x732dR5MB5BisvGQO7YWByjd8iQDLq!eGbIDakyp5mnOrcdqHeYSnltepQmRp6AIZ8jY",
                "oid": "00000000-0000-0000-66f3-3332eca7ea81", "preferred_username": "ann@example.com",
                "rh": "0.AX", "uti": "x", "groups": ["a", "b"], "xms_edov": "1", "nbf": 1,
                "hasgroups": "true", "_claim_names": {"groups": "src1"},
            }),
        ),
        (
            "Okta",
            json!({
                "ver": 1, "jti": "ID.1", "amr": ["mfa", "otp", "pwd"], "idp": "00ok1u7AsAkrwdZL3z0i",
                "auth_time": "1763456400", "at_hash": "x", "zoneinfo": "America/Los_Angeles",
                "address": {"street_address": "1", "country": "US"}, "phone_number_verified": "false",
            }),
        ),
        (
            "Cognito",
            json!({
                "aud": [CLIENT_ID], "cognito:groups": ["a"], "cognito:username": "ann", "token_use": "id",
                "email_verified": "true", "phone_number_verified": "false", "origin_jti": "x",
                "event_id": "64f513be", "auth_time": 1_763_456_400, "address": "1 Main Street",
                "identities": [{"userId": "1", "dateCreated": "1642699117273", "primary": "true"}],
                "custom:role": "x", "birthdate": 0,
            }),
        ),
        (
            "Keycloak",
            json!({
                "azp": CLIENT_ID, "auth_time": 0, "typ": "ID", "acr": 1, "sid": "x", "session_state": "x",
                "email_verified": false, "address": {}, "realm_access": {"roles": ["offline_access"]},
                "updated_at": 1_763_456_400_123_i64, "groups": [],
            }),
        ),
        (
            "Apple",
            json!({
                "email": "x@privaterelay.appleid.com", "email_verified": "true", "is_private_email": "true",
                "nonce_supported": true, "real_user_status": 2, "transfer_sub": null, "auth_time": 1_763_456_400,
                "c_hash": "x",
            }),
        ),
        (
            "nobody in particular",
            json!({
                "updated_at": {}, "address": [1], "email_verified": [], "locale": 5, "website": "no url",
                "gender": {"x": 1}, "acr": [], "amr": "pwd", "auth_time": "yesterday", "azp": null,
                "name": {"de": "Ann"}, "phone_number": 5,
            }),
        ),
    ]
}

#[tokio::test]
async fn staff_of_every_real_issuer_sign_in() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    for (name, extra) in shapes() {
        let signer = issuer.clone();
        issuer.forge(Some(Arc::new(move |header: Value, mut claims: Value| {
            for (claim, value) in extra.as_object().unwrap() {
                claims[claim] = value.clone();
            }
            signer.sign(&header, &claims)
        })));
        let mut browser = Browser::new(&world);
        let answer = browser.sign_in("provider").await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
        assert_eq!(answer.json()["account"]["role"], "provider");
    }
}

#[tokio::test]
async fn fields_of_a_token_answer_beside_the_id_token_are_ignored() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    for change in [
        json!({"expires_in": "3600"}),
        json!({"expires_in": null, "scope": ["openid"], "refresh_token": null}),
        json!({"token_type": null, "access_token": null}),
        json!({"token_type": ["Bearer"], "ext_expires_in": "3599", "not_before": "0"}),
        json!({"refresh_expires_in": 0, "not-before-policy": 0, "session_state": "x"}),
    ] {
        let changed = change.clone();
        issuer.change_answers(Some(Arc::new(move |mut answer: Value| {
            for (name, value) in changed.as_object().unwrap() {
                answer[name] = value.clone();
            }
            answer
        })));
        let mut browser = Browser::new(&world);
        let answer = browser.sign_in("provider").await;
        assert_eq!(answer.status, 200, "{change}: {answer:?}");
    }
    for without in [json!({"id_token": null}), json!({"id_token": 5}), json!({"id_token": ""})] {
        let changed = without.clone();
        issuer.change_answers(Some(Arc::new(move |mut answer: Value| {
            answer["id_token"] = changed["id_token"].clone();
            answer
        })));
        let answer = Browser::new(&world).sign_in("provider").await;
        assert_eq!(answer.status, 401, "{without}: {answer:?}");
    }
}

/// Times in unusual but valid forms.
fn odd_times(now: i64) -> [(&'static str, Value); 7] {
    [
        ("iat", json!(now.to_string())),
        ("iat", json!("2025-11-17T10:59:07.841Z")),
        ("iat", json!(null)),
        ("iat", json!({})),
        ("nbf", json!(null)),
        ("nbf", json!(now.to_string())),
        ("nbf", json!(0.5)),
    ]
}

#[tokio::test]
async fn an_unused_time_claim_is_ignored_and_an_expiry_may_be_a_text() {
    let world = World::start().await;
    let (issuer, whop) = (world.service.sandbox.oidc.clone(), world.service.sandbox.whop.clone());
    let now = world.now().timestamp();
    for (claim, value) in odd_times(now) {
        let (signer, changed) = (issuer.clone(), value.clone());
        issuer.forge(Some(Arc::new(move |header: Value, mut claims: Value| {
            claims[claim] = changed.clone();
            signer.sign(&header, &claims)
        })));
        let answer = Browser::new(&world).sign_in("provider").await;
        assert_eq!(answer.status, 200, "id token, {claim} {value}: {answer:?}");

        let mut claims = issuer.bearer_claims("owner", COMPANY);
        claims[claim] = value.clone();
        let token = issuer.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": "rs-1"}), &claims);
        let mut request = bare(http::Method::GET, "/api/settings");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        assert_eq!(world.ask(request).await.status, 200, "bearer, {claim} {value}");

        let mut claims = json!({
            "iss": "urn:whopcom:exp-proxy", "sub": OWNER, "aud": APP_ID, "iat": now, "exp": now + 3600,
        });
        claims[claim] = value.clone();
        let token = whop.sign_token(json!({"alg": "ES256", "typ": "JWT", "kid": "sandbox-1"}), claims);
        let mut request = world.owner_request(COMPANY, OWNER, http::Method::GET, "/api/settings", None);
        request.headers_mut().insert("x-whop-user-token", token.parse().unwrap());
        assert_eq!(world.ask(request).await.status, 200, "Whop's token, {claim} {value}");
    }
}

#[tokio::test]
async fn claims_that_decide_have_to_be_of_their_form() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    let now = world.now().timestamp();
    for (claim, value) in [
        ("exp", json!((now + 300).to_string())),
        ("exp", json!(null)),
        ("iat", json!(now + 60)),
        ("nbf", json!("soon")),
        ("nbf", json!([])),
        ("nbf", json!((now + 60).to_string())),
        ("nbf", json!(now + 60)),
        ("aud", json!([CLIENT_ID, "another"])),
        ("aud", json!([])),
        ("aud", json!({CLIENT_ID: true})),
        ("azp", json!("another")),
        ("azp", json!([CLIENT_ID])),
        ("nonce", json!([1])),
        ("sub", json!(5)),
        ("sub", json!("")),
    ] {
        let (signer, changed) = (issuer.clone(), value.clone());
        issuer.forge(Some(Arc::new(move |header: Value, mut claims: Value| {
            claims[claim] = changed.clone();
            signer.sign(&header, &claims)
        })));
        let answer = Browser::new(&world).sign_in("provider").await;
        assert_eq!(answer.status, 401, "{claim} {value}: {answer:?}");
    }
}

#[tokio::test]
async fn a_bearer_token_of_every_real_issuer_is_accepted() {
    let world = World::start().await;
    let issuer = world.service.sandbox.oidc.clone();
    for (name, extra) in shapes() {
        let mut claims = issuer.bearer_claims("owner", COMPANY);
        for (claim, value) in extra.as_object().unwrap() {
            if !["aud", "nbf"].contains(&claim.as_str()) {
                claims[claim] = value.clone();
            }
        }
        let token = issuer.sign(&json!({"alg": "RS256", "typ": "JWT", "kid": "rs-1"}), &claims);
        let mut request = bare(http::Method::GET, "/api/settings");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let answer = world.ask(request).await;
        assert_eq!(answer.status, 200, "{name}: {answer:?}");
    }
}
