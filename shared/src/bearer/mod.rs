//! Bearer tokens: who asks, proven by the signature of an issuer that the environment names.
//!
//! The rules are those of RFC 8725. Signatures are asymmetric only and made with a key of the issuer's
//! published set; issuer and audience match exactly; time is the caller's; and what a token says of
//! itself decides nothing but which of those keys is tried.

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

/// Tokens with many groups are long; longer than this they would not pass most proxies.
const MAX_TOKEN_BYTES: usize = 8_192;

/// Checks bearer tokens of the configured issuers.
#[derive(Clone)]
pub struct BearerTokens {
    issuers: Vec<(BearerIssuer, KeySet)>,
}

/// A caller proven by a bearer token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// Who asks, fit for keys and logs: a short hash of the issuer, a colon, and the subject there.
    pub subject: String,
    pub role: Role,
    pub company: CompanyId,
}

impl BearerTokens {
    /// Believes these issuers and no other.
    pub fn new(http: reqwest::Client, issuers: Vec<BearerIssuer>) -> Self {
        let keys = |issuer: &BearerIssuer| KeySet::at(http.clone(), &issuer.jwks_url);
        let issuers = issuers.into_iter().map(|issuer| {
            let keys = keys(&issuer);
            (issuer, keys)
        });
        Self { issuers: issuers.collect() }
    }

    /// The caller a token proves.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Bearer, TokenError> {
        let header = header::read(token, MAX_TOKEN_BYTES)?;
        // Unproven, this only says whose keys to try: they prove it together with everything else.
        let said: Map<String, Value> =
            jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Invalid)?;
        let said = said.get("iss").and_then(Value::as_str).ok_or(TokenError::Invalid)?;
        let mut outcome = Err(TokenError::Invalid);
        // One issuer may stand there several times, once for each audience.
        for (issuer, keys) in self.issuers.iter().filter(|(issuer, _)| issuer.issuer == said) {
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
    // Without a name there must be no choice (OpenID Connect Core, 10.1).
    if header.kid.is_none() && verifiers.len() != 1 {
        return Err(TokenError::Invalid);
    }
    let mut proven = verifiers.iter().filter_map(|key| prove(token, header, issuer, key));
    claims::bearer(&proven.next().ok_or(TokenError::Invalid)?, issuer, now).ok_or(TokenError::Invalid)
}

/// Time is checked by the caller's clock, so the library's own is left out of it.
fn prove(
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
