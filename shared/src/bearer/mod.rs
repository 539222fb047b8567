//! Bearer tokens, signed by an issuer that is listed in `BEARER_ISSUERS`.
//!
//! Follows RFC 8725: only asymmetric signatures by a key of the issuer's published set; issuer and audience must
//! match exactly; expiry is checked with the app's clock; and the token's own header only selects which of those
//! keys is tried.

mod claims;

use std::fmt;

use chrono::{DateTime, Utc};
use jsonwebtoken::{DecodingKey, Validation};
use serde_json::{Map, Value};

use crate::config::BearerIssuer;
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
pub use crate::providers::tokens::TokenError;
use crate::providers::tokens::header::{self, Header};
use crate::providers::tokens::keys::KeySet;
use crate::providers::tokens::signature;

/// Tokens with many groups are long, but most proxies accept no longer headers than this.
const MAX_TOKEN_BYTES: usize = 8_192;

/// Checks bearer tokens of the configured issuers.
#[derive(Clone)]
pub struct BearerTokens {
    issuers: Vec<(BearerIssuer, KeySet)>,
}

/// A caller authenticated by a bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// A short hash of the issuer, a colon, and the subject there; usable in table keys and logs.
    pub subject: String,
    pub role: Role,
    pub company: CompanyId,
}

impl BearerTokens {
    /// Accepts tokens of these issuers only.
    pub fn new(http: reqwest::Client, issuers: Vec<BearerIssuer>) -> Self {
        let keys = |issuer: &BearerIssuer| KeySet::at(http.clone(), &issuer.jwks_url);
        let issuers = issuers.into_iter().map(|issuer| {
            let keys = keys(&issuer);
            (issuer, keys)
        });
        Self { issuers: issuers.collect() }
    }

    /// Verifies a token and returns its caller.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Bearer, TokenError> {
        let header = header::read(token, MAX_TOKEN_BYTES)?;
        // Not verified yet: the claimed issuer only selects the keys that verify it.
        let claimed: Map<String, Value> =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Invalid)?;
        let claimed = claimed.get("iss").and_then(Value::as_str).ok_or(TokenError::Invalid)?;
        let mut outcome = Err(TokenError::Invalid);
        // An issuer may be listed several times, once for each audience.
        for (issuer, keys) in self.issuers.iter().filter(|(issuer, _)| issuer.issuer == claimed) {
            match check(token, &header, issuer, keys, now).await {
                Err(TokenError::Invalid) => {}
                other => outcome = other,
            }
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

async fn check(
    token: &str,
    header: &Header,
    issuer: &BearerIssuer,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<Bearer, TokenError> {
    let keys = keys.named(header.kid.as_deref(), now).await?;
    let verifiers: Vec<DecodingKey> =
        keys.iter().filter_map(|key| header::verifier(key, header.alg)).collect();
    // A token without `kid` is accepted only if the issuer has one key (OpenID Connect Core, 10.1).
    if header.kid.is_none() && verifiers.len() != 1 {
        return Err(TokenError::Invalid);
    }
    let mut authenticated = verifiers.iter().filter_map(|key| verify_signature(token, header, issuer, key));
    claims::bearer(&authenticated.next().ok_or(TokenError::Invalid)?, issuer, now).ok_or(TokenError::Invalid)
}

/// The claims' times are checked with the app's clock, so the library's own check is off.
fn verify_signature(
    token: &str,
    header: &Header,
    issuer: &BearerIssuer,
    key: &DecodingKey,
) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(header.alg);
    validation.validate_exp = false;
    validation.set_issuer(&[&issuer.issuer]);
    validation.set_audience(&[&issuer.audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    signature::claims(token, key, &validation)
}

impl fmt::Debug for BearerTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers: Vec<&str> = self.issuers.iter().map(|(issuer, _)| issuer.issuer.as_str()).collect();
        write!(f, "BearerTokens({issuers:?})")
    }
}
