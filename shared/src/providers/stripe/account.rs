//! Connected accounts: where a professional's money goes.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An account as Stripe knows it now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// `acct_…`.
    pub id: String,
    /// Whether it is gone, or no longer lets us in.
    #[serde(default)]
    pub deleted: bool,
    /// Whether it can take payments itself.
    #[serde(default)]
    pub charges_enabled: bool,
    /// Whether Stripe pays it out to a bank.
    #[serde(default)]
    pub payouts_enabled: bool,
    /// The currency it is paid out in.
    #[serde(default)]
    pub default_currency: Option<String>,
    /// What Stripe still wants to know.
    #[serde(default)]
    pub requirements: Requirements,
    /// What it can do, such as `transfers`, and whether that is `active`.
    #[serde(default)]
    pub capabilities: BTreeMap<String, String>,
}

/// What Stripe still wants to know of an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Requirements {
    /// Why it is restricted, such as `requirements.past_due`.
    #[serde(default)]
    pub disabled_reason: Option<String>,
}

impl Account {
    /// An account that is not there, or not ours to see.
    pub(super) fn gone(id: &str) -> Self {
        Self { id: id.to_owned(), deleted: true, ..Self::default() }
    }

    /// Whether a transfer to it would be taken.
    pub fn takes_transfers(&self) -> bool {
        !self.deleted && self.capabilities.get("transfers").is_some_and(|state| state == "active")
    }
}
