//! Professionals as the payouts see them: since when somebody may be paid, and where the money goes.

mod account;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::company::Company;
use super::due::PAYOUTS;
use super::error::StoreError;
use super::keys::Key;
use super::write::{Write, text};
use crate::domain::money::Money;
use crate::domain::party::ProfessionalId;
use crate::domain::payout::PayeeAccount;

pub use account::{FailedPayout, PayeeOwner};

/// A professional who is, or may be, paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeRow {
    /// The account at Stripe, as it was last heard of.
    #[serde(default)]
    pub account: Option<PayeeAccount>,
    /// When Stripe said so: an older word that comes later changes nothing.
    #[serde(default, with = "crate::domain::time::option")]
    pub account_heard_at: Option<DateTime<Utc>>,
    /// What Stripe waits for before it pays, in Stripe's word.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// What the professional's bank did not take, when that last happened.
    #[serde(default)]
    pub last_failed_payout: Option<Money>,
    /// When that was.
    #[serde(default, with = "crate::domain::time::option")]
    pub last_failed_payout_at: Option<DateTime<Utc>>,
    /// Since when bookings may be settled, while there are any.
    #[serde(default, with = "crate::domain::time::option")]
    pub due_at: Option<DateTime<Utc>>,
    /// Grows with every claim; a plan under an older one is refused.
    #[serde(default)]
    pub fence: u64,
    /// Who holds the claim.
    #[serde(default)]
    pub owner: Option<String>,
    /// When the claim may be taken over.
    #[serde(default, with = "crate::domain::time::option")]
    pub lease_until: Option<DateTime<Utc>>,
    /// Counts the bookings that came to be payable, so that none is overlooked while others are paid.
    #[serde(default)]
    pub version: u64,
}

impl Company {
    /// A professional, as the payouts know one.
    pub async fn payee(&self, professional_id: &ProfessionalId) -> Result<PayeeRow, StoreError> {
        Ok(self.known_payee(professional_id).await?.unwrap_or_default())
    }

    /// The same, for those who ask about one: `None` for one that was never heard of.
    pub async fn known_payee(
        &self,
        professional_id: &ProfessionalId,
    ) -> Result<Option<PayeeRow>, StoreError> {
        self.store.get(Key::payee(&self.company, professional_id)).await
    }

    /// Has a professional looked at by the next payouts, not before a booking's hold-back ends.
    pub(super) fn touch_payee(&self, professional_id: &ProfessionalId, from: DateTime<Utc>) -> Write {
        Write::update(Key::payee(&self.company, professional_id))
            .set("professional_id", text(professional_id.as_str()))
            .due_from(PAYOUTS, from)
            .count("version", 1)
    }
}
