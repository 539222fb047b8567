//! What the signed tokens of every issuer have in common: what a header may say, which key may prove
//! it, and when it holds.

pub mod header;
pub mod keys;
pub mod signature;

use chrono::{DateTime, Utc};

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
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// `exp`, without which a token would hold for ever.
    pub expires: f64,
    /// `nbf`.
    pub not_before: Option<f64>,
    /// `iat`.
    pub issued: Option<f64>,
}

impl Times {
    /// Whether a token of these times holds. The clock is the caller's.
    pub fn hold(&self, now: DateTime<Utc>) -> bool {
        // Whole seconds, as tokens are written; a float holds them exactly.
        #[allow(clippy::cast_precision_loss, reason = "seconds of Unix time are below 2^53")]
        let now = now.timestamp() as f64;
        let begun = |at: Option<f64>| at.is_none_or(|at| at <= now + LEEWAY_SECONDS);
        self.expires + LEEWAY_SECONDS > now && begun(self.not_before) && begun(self.issued)
    }
}
