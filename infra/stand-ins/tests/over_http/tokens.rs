use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode_header};
use serde_json::{Value, json};
use shared::providers::tokens::signature;

use super::{Sandbox, noon};
use stand_ins::whop::APP_ID;

/// Proves a token as a server would, with the key set it fetched; time is left aside.
fn prove(token: &str, keys: &JwkSet) -> Result<Value, String> {
    let kid = decode_header(token).unwrap().kid.ok_or("no kid")?;
    let key = DecodingKey::from_jwk(keys.find(&kid).ok_or("unknown kid")?).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&["urn:whopcom:exp-proxy"]);
    validation.set_audience(&[APP_ID]);
    validation.validate_exp = false;
    signature::claims(token, &key, &validation).ok_or_else(|| "not proven".to_owned())
}

async fn published(sandbox: &Sandbox) -> JwkSet {
    let url = format!("{}/.well-known/jwks.json", sandbox.base);
    sandbox.http.get(url).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_user_token_is_proven_by_the_published_key_set() {
    let sandbox = Sandbox::start().await;
    let keys = published(&sandbox).await;
    let token = sandbox.whop.user_token("user_owner", APP_ID);
    let issued = noon().timestamp();
    assert_eq!(
        prove(&token, &keys).unwrap(),
        json!({
            "iss": "urn:whopcom:exp-proxy", "sub": "user_owner", "aud": "app_local",
            "iat": issued, "exp": issued + 3600,
        })
    );
    assert_eq!(token, sandbox.whop.user_token("user_owner", APP_ID), "the same token in every run");
    let key = &sandbox.whop.jwks()["keys"][0];
    for (member, value) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
        assert_eq!(key[member], value);
    }
}

#[tokio::test]
async fn a_forged_token_is_signed_but_not_proven() {
    let sandbox = Sandbox::start().await;
    let keys = published(&sandbox).await;
    let claims = json!({"iss": "urn:whopcom:exp-proxy", "sub": "user_owner", "aud": APP_ID, "exp": 1});
    let unpublished = sandbox.whop.sign_token(json!({"alg": "ES256", "kid": "own-key"}), claims.clone());
    assert_eq!(prove(&unpublished, &keys), Err("unknown kid".to_owned()));

    let foreign_signature = unpublished.rsplit_once('.').unwrap().1;
    let honest = sandbox.whop.sign_token(json!({"alg": "ES256", "kid": "sandbox-1"}), claims);
    let forged = format!("{}.{foreign_signature}", honest.rsplit_once('.').unwrap().0);
    assert!(prove(&honest, &keys).is_ok() && prove(&forged, &keys).is_err());
}

#[tokio::test]
async fn a_rotated_key_signs_new_tokens_and_old_ones_stay_proven() {
    let sandbox = Sandbox::start().await;
    let (old_keys, old_token) = (published(&sandbox).await, sandbox.whop.user_token("user_1", APP_ID));
    sandbox.whop.rotate_key();
    let (new_keys, new_token) = (published(&sandbox).await, sandbox.whop.user_token("user_1", APP_ID));
    assert!(prove(&new_token, &old_keys).is_err());
    assert!(prove(&new_token, &new_keys).is_ok() && prove(&old_token, &new_keys).is_ok());
    assert_eq!(sandbox.whop.requests()["jwks"], 2);
}
