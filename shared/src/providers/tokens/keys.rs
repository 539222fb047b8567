//! An issuer's published keys (a JWKS), fetched when they are needed and kept for a while.
//!
//! They are kept for 12 hours; an unknown key id has them fetched again, at most every 30 seconds
//! (both figures are those of Whop's own SDK, `verify-user-token.ts`). While the issuer does not
//! answer, old keys serve on: they are better than none.

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

/// A set is a few kilobytes; more is not one.
const MAX_SET_BYTES: usize = 256 * 1024;

/// Somebody waits for it with a request in hand.
const FETCH_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The keys of one issuer; clones share what was fetched.
#[derive(Clone)]
pub struct KeySet {
    http: reqwest::Client,
    url: String,
    cache: Arc<Mutex<Cache>>,
    /// Held while fetching: a crowd of tokens with an unknown key id is one question.
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
    /// The keys published at `url`.
    pub fn at(http: reqwest::Client, url: &str) -> Self {
        Self { http, url: url.to_owned(), cache: Arc::default(), fetching: Arc::default() }
    }

    /// The keys that may have signed: those of this name, or all where none is named. None at all is
    /// an answer too: the issuer has no such key.
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
            self.lock().keep(fetched, now);
        }
        let cache = self.lock();
        cache.answer(cache.named(kid))
    }

    fn lock(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self) -> Option<Vec<Jwk>> {
        let response = self.http.get(&self.url).timeout(FETCH_TIMEOUT).send().await.ok()?;
        let body = read_within(response.error_for_status().ok()?, MAX_SET_BYTES).await?;
        let set: KeySetDocument = json::read_trusted(&body).ok()?;
        // A key of a kind that is unknown here is no reason to lose the others.
        Some(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect())
    }
}

impl Cache {
    fn named(&self, kid: Option<&str>) -> Vec<Jwk> {
        let named = |key: &&Jwk| kid.is_none() || key.common.key_id.as_deref() == kid;
        self.keys.iter().filter(named).cloned().collect()
    }

    /// A key that is not there may be missing only because the issuer did not answer.
    fn answer(&self, keys: Vec<Jwk>) -> Result<Vec<Jwk>, TokenError> {
        if keys.is_empty() && self.failed { Err(TokenError::KeysUnavailable) } else { Ok(keys) }
    }

    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        is_within(self.fetched_at, Duration::hours(MAX_AGE_HOURS), now)
    }

    /// Without any key each request asks anew: no token can be verified until the issuer answers.
    fn is_cooling(&self, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some() && is_within(self.tried_at, Duration::seconds(COOLDOWN_SECONDS), now)
    }

    fn keep(&mut self, fetched: Option<Vec<Jwk>>, now: DateTime<Utc>) {
        self.tries += 1;
        self.tried_at = Some(now);
        self.failed = fetched.is_none();
        if let Some(keys) = fetched {
            self.keys = keys;
            self.fetched_at = Some(now);
        }
    }
}

/// A time in the future was written by another clock and counts as long ago.
fn is_within(at: Option<DateTime<Utc>>, length: Duration, now: DateTime<Utc>) -> bool {
    at.is_some_and(|at| at <= now && now - at < length)
}

impl std::fmt::Debug for KeySet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({})", self.url)
    }
}
