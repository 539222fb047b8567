//! Who signs in, and as what.

use serde::{Deserialize, Serialize};

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Administers a company.
    Owner,
    /// Staff of the platform.
    Provider,
    /// Looks after the service itself.
    Developer,
    /// Looks after the books.
    Accountant,
    /// Does the jobs that customers book.
    Professional,
    /// Books jobs.
    Customer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] =
        [Self::Owner, Self::Provider, Self::Developer, Self::Accountant, Self::Professional, Self::Customer];

    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Provider => "provider",
            Self::Developer => "developer",
            Self::Accountant => "accountant",
            Self::Professional => "professional",
            Self::Customer => "customer",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}
