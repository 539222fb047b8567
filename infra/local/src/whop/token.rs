//! User tokens and the key set that proves them.
//!
//! A key is derived from its name, and signatures follow RFC 6979, so the same token is the same
//! text in every run. Nothing here is secret: the keys are good for the sandbox only.

use axum::extract::State;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use serde_json::{Value, json};

use super::WhopStandIn;
use crate::fault::Operation;

const ISSUER: &str = "urn:whopcom:exp-proxy";
const LIFETIME_S: i64 = 3600;

/// `GET /.well-known/jwks.json`, which needs neither key nor version.
pub(super) async fn key_set(State(whop): State<WhopStandIn>) -> Response {
    whop.answer_anybody(Operation::Jwks, None, |whop| Ok(whop.jwks())).await
}

pub(super) fn user_token(kid: &str, user_id: &str, app_id: &str, now: DateTime<Utc>) -> String {
    let issued = now.timestamp();
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
    let claims =
        json!({"iss": ISSUER, "sub": user_id, "aud": app_id, "iat": issued, "exp": issued + LIFETIME_S});
    sign(kid, &header, &claims)
}

/// The token made of any header and claims, signed with the key of that name.
pub(super) fn sign(kid: &str, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature(header, kid, message.as_bytes())))
}

/// As Whop signs; or, where a forged header says so, with the public key in place of a secret.
fn signature(header: &Value, kid: &str, message: &[u8]) -> Vec<u8> {
    let key = signing_key(kid);
    if header["alg"] == "HS256" {
        let public = key.verifying_key().to_encoded_point(false);
        let shared = hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes());
        return hmac::sign(&shared, message).as_ref().to_vec();
    }
    let signature: Signature = key.sign(message);
    signature.to_bytes().to_vec()
}

pub(super) fn jwks(kids: &[String]) -> Value {
    json!({"keys": kids.iter().map(|kid| jwk(kid)).collect::<Vec<_>>()})
}

fn jwk(kid: &str) -> Value {
    let point = signing_key(kid).verifying_key().to_encoded_point(false);
    // An uncompressed point is one tag byte and two coordinates of 32 bytes.
    let (x, y) = point.as_bytes()[1..].split_at(32);
    json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid,
        "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
    })
}

fn signing_key(kid: &str) -> SigningKey {
    let name = format!("justonce sandbox user token key {kid}");
    let scalar = digest(&SHA256, name.as_bytes());
    SigningKey::from_slice(scalar.as_ref())
        .expect("a digest is below the order of P-256, but for one in 2^32")
}
