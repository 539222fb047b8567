//! An issuer's published keys (a JWKS), fetched when needed and cached.
//!
//! They are cached for 12 hours; an unknown key id triggers a new fetch, at most every 30 seconds (both figures
//! are those of Whop's own SDK, `verify-user-token.ts`). While the issuer does not answer, the old keys stay in
//! use.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::jwk::Jwk;
use serde::Deserialize;
use serde_json::Value;

use super::TokenError;
use crate::json;
use crate::providers::client::read_within;

const MAX_AGE_HOURS: i64 = 12;
const COOLDOWN_SECONDS: i64 = 30;

/// A valid key set has a few kilobytes.
const MAX_SET_BYTES: usize = 256 * 1024;

/// A request waits for the answer.
const FETCH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The keys of one issuer; clones share the cache.
#[derive(Clone)]
pub struct KeySet {
    http: reqwest::Client,
    url: String,
    cache: Arc<Mutex<Cache>>,
    /// Locked while fetching, so that many tokens with an unknown key id cause one fetch.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Cache {
    keys: Vec<Jwk>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
    tries: u64,
    failed: bool,
}

#[derive(Deserialize)]
struct KeySetDocument {
    keys: Vec<Value>,
}

impl KeySet {
    pub fn at(http: reqwest::Client, url: &str) -> Self {
        Self { http, url: url.to_owned(), cache: Arc::default(), fetching: Arc::default() }
    }

    /// The keys that may have signed a token: those with this id, or all if the token names none. An empty list
    /// means that the issuer has no such key.
    pub async fn named(&self, kid: Option<&str>, now: DateTime<Utc>) -> Result<Vec<Jwk>, TokenError> {
        let tries = {
            let cache = self.lock();
            let keys = cache.named(kid);
            if cache.is_cooling(now) || (cache.is_fresh(now) && !keys.is_empty()) {
                return cache.answer(keys);
            }
            cache.tries
        };
        let _one_at_a_time = self.fetching.lock().await;
        if self.lock().tries == tries {
            let fetched = self.fetch().await;
            self.lock().store(fetched, now);
        }
        let cache = self.lock();
        cache.answer(cache.named(kid))
    }

    /// The keys that are published now, whatever is cached; `None` if the issuer does not answer.
    pub async fn fetch_again(&self) -> Option<Vec<Jwk>> {
        self.fetch().await
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Option<Vec<Jwk>> {
        let response = self.http.get(&self.url).timeout(FETCH_TIMEOUT).send().await.ok()?;
        let body = read_within(response.error_for_status().ok()?, MAX_SET_BYTES).await?;
        let set: KeySetDocument = json::read_trusted(&body).ok()?;
        // A key of an unknown kind must not invalidate the others.
        Some(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }
}

impl Cache {
    fn named(&self, kid: Option<&str>) -> Vec<Jwk> {
        let named = |key: &&Jwk| kid.is_none() || key.common.key_id.as_deref() == kid;
        self.keys.iter().filter(named).cloned().collect()
    }

    /// A missing key is an error if the last fetch failed, because the issuer may have published it since.
    fn answer(&self, keys: Vec<Jwk>) -> Result<Vec<Jwk>, TokenError> {
        if keys.is_empty() && self.failed { Err(TokenError::KeysUnavailable) } else { Ok(keys) }
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        is_within(self.fetched_at, Duration::hours(MAX_AGE_HOURS), now)
    }

    /// Whether the cool-down is active. Without any key every request fetches, because no token can be verified
    /// otherwise.
    fn is_cooling(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some() && is_within(self.tried_at, Duration::seconds(COOLDOWN_SECONDS), now)
    }

    fn store(&mut self, fetched: Option<Vec<Jwk>>, now: DateTime<Utc>) {
        self.tries += 1;
        self.tried_at = Some(now);
        self.failed = fetched.is_none();
        if let Some(keys) = fetched {
            self.keys = keys;
            self.fetched_at = Some(now);
        }
    }
}

/// A time in the future comes from another clock and counts as long ago.
fn is_within(at: Option<DateTime<Utc>>, length: Duration, now: DateTime<Utc>) -> bool {
    at.is_some_and(|at| at <= now && now - at < length)
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.url)
    }
}
