//! The companies whose APIs we call.

use serde::{Deserialize, Serialize};

/// A company whose API we call.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum Provider {
    /// Memberships, notifications and direct messages.
    Whop,
    Stripe,
    Resend,
}

impl Provider {
    pub fn as_str(self) -> &'static str {
        self.into()
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
