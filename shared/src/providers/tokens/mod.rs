//! Common checks of signed tokens from every issuer: header, key and times.

pub mod header;
pub mod keys;
pub mod signature;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Why a token was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Malformed, for another audience, not signed by its issuer, or expired; callers must not learn which.
    #[error("the token is not valid")]
    Invalid,
    /// The issuer's keys cannot be fetched right now.
    #[error("the issuer's keys cannot be fetched")]
    KeysUnavailable,
}

/// Tolerance for differing clocks.
const LEEWAY_SECONDS: f64 = 30.0;

/// The times of a token in unix seconds; issuers may write fractions.
///
/// | claim | absent or `null` | a number | a number as a text | anything else |
/// | --- | --- | --- | --- | --- |
/// | `exp` | refused: it would be valid for ever | applies | refused | refused |
/// | `nbf` | no limit | applies | applies | refused: the limit cannot be checked |
/// | `iat` | ignored | refused if in the future | the same | ignored: it is not needed |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    expires: f64,
    not_before: Option<f64>,
    issued: Option<f64>,
}

impl Times {
    /// Parses the times of claims; `None` if a required one is invalid.
    pub fn read(claims: &Map<String, Value>) -> Option<Self> {
        let expires = claims.get("exp")?.as_f64().filter(|at| at.is_finite())?;
        let not_before = match claims.get("nbf") {
            None | Some(Value::Null) => None,
            Some(stated) => Some(seconds(stated)?),
        };
        Some(Self { expires, not_before, issued: claims.get("iat").and_then(seconds) })
    }

    /// Whether a token with these times is valid at `now`.
    pub fn are_valid(&self, now: DateTime<Utc>) -> bool {
        self.are_valid_with(now, LEEWAY_SECONDS)
    }

    /// Like [`Self::are_valid`], but without tolerance for an expired token, because a new token was just
    /// requested.
    pub fn are_valid_without_leeway(&self, now: DateTime<Utc>) -> bool {
        self.are_valid_with(now, 0.0)
    }

    fn are_valid_with(&self, now: DateTime<Utc>, leeway: f64) -> bool {
        // Whole seconds, as in tokens; a float represents them exactly.
        #[expect(clippy::cast_precision_loss, reason = "seconds of Unix time are below 2^53")]
        let now = now.timestamp() as f64;
        let begun = |at: Option<f64>| at.is_none_or(|at| at <= now + LEEWAY_SECONDS);
        self.expires + leeway > now && begun(self.not_before) && begun(self.issued)
    }
}

/// Parses a number or a numeric text.
fn seconds(stated: &Value) -> Option<f64> {
    let read = stated.as_f64().or_else(|| stated.as_str()?.parse().ok());
    read.filter(|at: &f64| at.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a token is valid whose claim has this value.
    fn is_valid(claim: &str, value: Value) -> bool {
        let now = DateTime::from_timestamp(1_763_456_400, 0).unwrap();
        let mut claims = json!({"exp": now.timestamp() + 60, "iat": now.timestamp()});
        claims[claim] = value;
        Times::read(claims.as_object().unwrap()).is_some_and(|times| times.are_valid(now))
    }

    #[test]
    fn a_time_decides_where_it_is_needed_and_unreadable_only_where_it_is_a_limit() {
        let now = 1_763_456_400;
        for value in [json!(null), json!(now + 30), json!(0.5), json!("0"), json!(format!("{now}.5"))] {
            assert!(is_valid("nbf", value.clone()), "nbf {value}");
        }
        for value in [
            json!(now + 31),
            json!(format!("{}", now + 31)),
            json!("soon"),
            json!(""),
            json!("NaN"),
            json!([]),
        ] {
            assert!(!is_valid("nbf", value.clone()), "nbf {value}");
        }
        for value in [json!(null), json!("yesterday"), json!(now.to_string()), json!({}), json!(now + 30)] {
            assert!(is_valid("iat", value.clone()), "iat {value}");
        }
        for value in [json!(now + 31), json!((now + 31).to_string())] {
            assert!(!is_valid("iat", value.clone()), "iat {value}");
        }
        for value in [json!(null), json!((now + 60).to_string()), json!(now - 30), json!([])] {
            assert!(!is_valid("exp", value.clone()), "exp {value}");
        }
    }
}
