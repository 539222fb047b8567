//! Whop's user token: who asks, proven by Whop's signature.
//!
//! ES256 only, issuer and audience checked, `aud` a single text. Keys come from Whop's JWKS and are
//! kept for 12 hours; an unknown key id has them fetched again, at most every 30 seconds (both
//! figures are those of Whop's own SDK, `verify-user-token.ts`).

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use crate::domain::id::UserId;

const ISSUER: &str = "urn:whopcom:exp-proxy";
const KEYS_MAX_AGE_HOURS: i64 = 12;
const REFETCH_COOLDOWN_SECONDS: i64 = 30;

/// A token is a few hundred bytes; more is not one.
const MAX_TOKEN_BYTES: usize = 4_096;

/// Clocks differ a little.
const LEEWAY_SECONDS: i64 = 30;

/// Why a token proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token, not for us, not signed by Whop, or expired. Which of these is nobody's business.
    #[error("the user token is not valid")]
    Invalid,
    /// The keys to check it with cannot be had right now.
    #[error("the keys of the user token cannot be had")]
    KeysUnavailable,
}

/// Where the keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A published set.
    Url(String),
    /// One public key from the environment, as a JWK.
    Fixed(String),
}

/// Checks user tokens.
#[derive(Clone)]
pub struct UserTokens {
    http: reqwest::Client,
    source: KeySource,
    app_id: String,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Default)]
struct Cache {
    keys: Vec<Jwk>,
    fetched_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl UserTokens {
    /// Checks tokens made for `app_id` with keys from `source`.
    pub fn new(http: reqwest::Client, source: KeySource, app_id: &str) -> Self {
        Self { http, source, app_id: app_id.to_owned(), cache: Arc::default() }
    }

    /// The user a token proves.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<UserId, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Invalid);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        if header.alg != Algorithm::ES256 {
            return Err(TokenError::Invalid);
        }
        let keys = self.keys(header.kid.as_deref(), now).await?;
        let claims = keys.iter().find_map(|key| self.read(token, key)).ok_or(TokenError::Invalid)?;
        let seconds = now.timestamp();
        let alive = claims.exp.saturating_add(LEEWAY_SECONDS) > seconds
            && claims.nbf.is_none_or(|nbf| nbf <= seconds + LEEWAY_SECONDS);
        if !alive || claims.aud != self.app_id {
            return Err(TokenError::Invalid);
        }
        UserId::parse(&claims.sub).map_err(|_| TokenError::Invalid)
    }

    /// Time is checked by the caller's clock, so the library's own is left out of it.
    fn read(&self, token: &str, key: &DecodingKey) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[&self.app_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        jsonwebtoken::decode::<Claims>(token, key, &validation).ok().map(|data| data.claims)
    }

    /// The keys that may have signed: the one named, or all where none is named (older tokens).
    async fn keys(&self, kid: Option<&str>, now: DateTime<Utc>) -> Result<Vec<DecodingKey>, TokenError> {
        let url = match &self.source {
            KeySource::Fixed(text) => {
                return fixed_key(text).map(|key| vec![key]).ok_or(TokenError::KeysUnavailable);
            }
            KeySource::Url(url) => url,
        };
        let (known, fetched_at) = self.known(kid);
        let age = fetched_at.map(|at| now - at);
        let fresh = age.is_some_and(|age| age < Duration::hours(KEYS_MAX_AGE_HOURS));
        let cooling = age.is_some_and(|age| age < Duration::seconds(REFETCH_COOLDOWN_SECONDS));
        if cooling || (fresh && !known.is_empty()) {
            return Ok(known);
        }
        match self.fetch(url).await {
            Some(keys) => {
                let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
                *cache = Cache { keys, fetched_at: Some(now) };
                drop(cache);
                Ok(self.known(kid).0)
            }
            // Old keys are better than a closed door while Whop does not answer.
            None if !known.is_empty() => Ok(known),
            None => Err(TokenError::KeysUnavailable),
        }
    }

    fn known(&self, kid: Option<&str>) -> (Vec<DecodingKey>, Option<DateTime<Utc>>) {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let named = |key: &&Jwk| kid.is_none() || key.common.key_id.as_deref() == kid;
        let keys =
            cache.keys.iter().filter(named).filter_map(|key| DecodingKey::from_jwk(key).ok()).collect();
        (keys, cache.fetched_at)
    }

    async fn fetch(&self, url: &str) -> Option<Vec<Jwk>> {
        let response = self.http.get(url).send().await.ok()?.error_for_status().ok()?;
        let body = response.bytes().await.ok()?;
        serde_json::from_slice::<JwkSet>(&body).ok().map(|set| set.keys)
    }
}

fn fixed_key(text: &str) -> Option<DecodingKey> {
    serde_json::from_str::<Jwk>(text).ok().and_then(|jwk| DecodingKey::from_jwk(&jwk).ok())
}

impl std::fmt::Debug for UserTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserTokens({:?})", self.source)
    }
}
