//! What the signed tokens of every issuer have in common: what a header may say, which key may prove
//! it, and when it holds.

pub mod header;
pub mod keys;
pub mod signature;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

/// Why a token proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token, not for us, not signed by its issuer, or expired. Which of these is nobody's business.
    #[error("the token is not valid")]
    Invalid,
    /// The keys to check it with cannot be had right now.
    #[error("the keys to check the token with cannot be had")]
    KeysUnavailable,
}

/// Clocks differ a little.
const LEEWAY_SECONDS: f64 = 30.0;

/// The times of a token, in seconds of Unix time; issuers may write them with a fraction.
///
/// | claim | absent or `null` | a number | a number as a text | anything else |
/// | --- | --- | --- | --- | --- |
/// | `exp` | refused: it would hold for ever | decides | refused | refused |
/// | `nbf` | no limit | decides | decides | refused: a limit is stated that cannot be kept |
/// | `iat` | nothing | refused if it is still to come | the same | nothing: nobody needs it |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    expires: f64,
    not_before: Option<f64>,
    issued: Option<f64>,
}

impl Times {
    /// The times that claims state; `None` where one that decides cannot be read.
    pub fn read(claims: &Map<String, Value>) -> Option<Self> {
        let expires = claims.get("exp")?.as_f64().filter(|at| at.is_finite())?;
        let not_before = match claims.get("nbf") {
            None | Some(Value::Null) => None,
            Some(stated) => Some(seconds(stated)?),
        };
        Some(Self { expires, not_before, issued: claims.get("iat").and_then(seconds) })
    }

    /// Whether a token of these times holds. The clock is the caller's.
    pub fn hold(&self, now: DateTime<Utc>) -> bool {
        self.hold_with(now, LEEWAY_SECONDS)
    }

    /// The same without patience for one that has expired, as of a token that was made a moment ago.
    pub fn hold_at_once(&self, now: DateTime<Utc>) -> bool {
        self.hold_with(now, 0.0)
    }

    fn hold_with(&self, now: DateTime<Utc>, patience: f64) -> bool {
        // Whole seconds, as tokens are written; a float holds them exactly.
        #[expect(clippy::cast_precision_loss, reason = "seconds of Unix time are below 2^53")]
        let now = now.timestamp() as f64;
        let begun = |at: Option<f64>| at.is_none_or(|at| at <= now + LEEWAY_SECONDS);
        self.expires + patience > now && begun(self.not_before) && begun(self.issued)
    }
}

/// A number, or a text that is one.
fn seconds(stated: &Value) -> Option<f64> {
    let read = stated.as_f64().or_else(|| stated.as_str()?.parse().ok());
    read.filter(|at: &f64| at.is_finite())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Whether a token holds whose claim has this value.
    fn holds(claim: &str, value: Value) -> bool {
        let now = DateTime::from_timestamp(1_763_456_400, 0).unwrap();
        let mut claims = json!({"exp": now.timestamp() + 60, "iat": now.timestamp()});
        claims[claim] = value;
        Times::read(claims.as_object().unwrap()).is_some_and(|times| times.hold(now))
    }

    #[test]
    fn a_time_decides_where_it_is_needed_and_unreadable_only_where_it_is_a_limit() {
        let now = 1_763_456_400;
        for value in [json!(null), json!(now + 30), json!(0.5), json!("0"), json!(format!("{now}.5"))] {
            assert!(holds("nbf", value.clone()), "nbf {value}");
        }
        for value in [
            json!(now + 31),
            json!(format!("{}", now + 31)),
            json!("soon"),
            json!(""),
            json!("NaN"),
            json!([]),
        ] {
            assert!(!holds("nbf", value.clone()), "nbf {value}");
        }
        for value in [json!(null), json!("yesterday"), json!(now.to_string()), json!({}), json!(now + 30)] {
            assert!(holds("iat", value.clone()), "iat {value}");
        }
        for value in [json!(now + 31), json!((now + 31).to_string())] {
            assert!(!holds("iat", value.clone()), "iat {value}");
        }
        for value in [json!(null), json!((now + 60).to_string()), json!(now - 30), json!([])] {
            assert!(!holds("exp", value.clone()), "exp {value}");
        }
    }
}
