//! The idempotency keys that a provider has stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Whop and Resend both forget a key after a day; a later request with it is a new one.
const REMEMBERED_HOURS: i64 = 24;

/// The answers given under each key, as long as the provider would replay them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyMemory {
    answers: BTreeMap<String, UsedKey>,
}

/// A key with the request it came with and the answer it got.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UsedKey {
    pub(crate) key: String,
    pub(crate) request: Value,
    pub(crate) answer: Value,
    pub(crate) at: DateTime<Utc>,
}

/// The key was used with another request.
#[derive(Debug)]
pub(crate) struct KeyReused;

/// The result of looking up a request's key.
#[derive(Debug, PartialEq)]
enum KeyLookup {
    /// Unknown or expired: process the request.
    New,
    /// The same request was answered before: replay the answer and do nothing.
    Replay(Value),
    /// The key belongs to another request: refuse.
    OtherRequest,
}

impl KeyMemory {
    /// The answer that is replayed to a request, if its key has one.
    pub(crate) fn answer_to(
        &self,
        key: Option<&str>,
        request: &Value,
        now: DateTime<Utc>,
    ) -> Result<Option<Value>, KeyReused> {
        match key.map(|key| self.look_up(key, request, now)) {
            Some(KeyLookup::Replay(answer)) => Ok(Some(answer)),
            Some(KeyLookup::OtherRequest) => Err(KeyReused),
            Some(KeyLookup::New) | None => Ok(None),
        }
    }

    /// Looks a key up. Requests are compared as JSON values, so the order of members does not matter.
    fn look_up(&self, key: &str, request: &Value, now: DateTime<Utc>) -> KeyLookup {
        match self.answers.get(key) {
            Some(known) if now - known.at >= Duration::hours(REMEMBERED_HOURS) => KeyLookup::New,
            Some(known) if known.request == *request => KeyLookup::Replay(known.answer.clone()),
            Some(_) => KeyLookup::OtherRequest,
            None => KeyLookup::New,
        }
    }

    /// Keeps the answer of a request that acted.
    pub(crate) fn remember(&mut self, used: UsedKey) {
        self.answers.insert(used.key.clone(), used);
    }
}

/// The error of a key for a provider that accepts at most `max_chars` characters.
pub(crate) fn check_key(key: Option<&str>, max_chars: usize) -> Result<(), String> {
    match key {
        Some(key) if key.is_empty() || key.len() > max_chars => {
            Err(format!("Idempotency-Key must have 1 to {max_chars} characters"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_is_replayed_for_a_day_and_only_for_its_own_request() {
        let start: DateTime<Utc> = "2025-11-18T12:00:00Z".parse().unwrap();
        let mut keys = KeyMemory::default();
        let (key, request, answer) = ("key_1".to_owned(), json!({"days": 7}), json!("done"));
        keys.remember(UsedKey { key, request, answer, at: start });

        let last_second = start + Duration::hours(24) - Duration::seconds(1);
        assert_eq!(keys.look_up("key_1", &json!({"days": 7}), last_second), KeyLookup::Replay(json!("done")));
        assert_eq!(keys.look_up("key_1", &json!({"days": 8}), last_second), KeyLookup::OtherRequest);
        assert_eq!(keys.look_up("key_2", &json!({"days": 7}), last_second), KeyLookup::New);
        assert_eq!(keys.look_up("key_1", &json!({"days": 7}), start + Duration::hours(24)), KeyLookup::New);
    }
}
