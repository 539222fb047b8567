//! Connected accounts: where a professional's money goes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::domain::money::Currency;
use crate::domain::party::StripeAccountId;
use crate::domain::payout::PayeeAccount;

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

    /// The account as payouts see one; `None` where it is gone, or no currency is known yet.
    ///
    /// What counts is that it takes transfers: an account that is only paid, in a country across the
    /// border, never takes a payment itself.
    pub fn payee(&self) -> Option<PayeeAccount> {
        let currency = self.default_currency.as_deref().and_then(|code| Currency::parse(code).ok())?;
        let id = StripeAccountId::parse(&self.id).ok().filter(|_| !self.deleted)?;
        let (charges_enabled, payouts_enabled) = (self.takes_transfers(), self.payouts_enabled);
        Some(PayeeAccount { id, charges_enabled, payouts_enabled, currency })
    }

    /// Whether a transfer to it would be taken.
    pub fn takes_transfers(&self) -> bool {
        !self.deleted && self.capabilities.get("transfers").is_some_and(|state| state == "active")
    }
}
