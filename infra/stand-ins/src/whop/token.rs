//! User tokens and the key set that proves them.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::WhopStandIn;
use crate::base::tokens::TokenKeys;
use crate::fault::Operation;

const KEYS: TokenKeys = TokenKeys { purpose: "user token key" };

const ISSUER: &str = "urn:whopcom:exp-proxy";
const LIFETIME_S: i64 = 3600;

/// `GET /.well-known/jwks.json`, which needs neither key nor version.
pub(super) async fn key_set(State(whop): State<WhopStandIn>) -> Response {
    whop.answer_without_credentials(Operation::Jwks, None, |whop| Ok(whop.jwks())).await
}

pub(super) fn user_token(kid: &str, user_id: &str, app_id: &str, now: DateTime<Utc>) -> String {
    let issued = now.timestamp();
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": kid});
    let claims =
        json!({"iss": ISSUER, "sub": user_id, "aud": app_id, "iat": issued, "exp": issued + LIFETIME_S});
    sign(kid, &header, &claims)
}

/// The token of any header and claims, signed with the key of that name: as Whop signs or, for a forged
/// header, with the public key as a shared secret.
pub(super) fn sign(kid: &str, header: &Value, claims: &Value) -> String {
    let alg = if header["alg"] == "HS256" { "HS256" } else { "ES256" };
    KEYS.sign(alg, kid, header, claims)
}

pub(super) fn jwks(kids: &[String]) -> Value {
    KEYS.jwks(kids.iter().map(String::as_str))
}
