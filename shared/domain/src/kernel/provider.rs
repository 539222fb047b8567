//! The companies whose APIs we call.

use serde::{Deserialize, Serialize};

/// A company whose API we call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Memberships, notifications and direct messages.
    Whop,
    Stripe,
    Resend,
}

impl Provider {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whop => "whop",
            Self::Stripe => "stripe",
            Self::Resend => "resend",
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Whop => "Whop",
            Self::Stripe => "Stripe",
            Self::Resend => "Resend",
        }
    }
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
