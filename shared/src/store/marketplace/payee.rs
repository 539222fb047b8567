//! Professionals as the payouts see them: since when somebody may be paid, who is at it right now, where
//! the money goes, and what is owed. An account at Stripe leads back to everybody whose it is, so that its
//! events find them.

mod account;
mod money;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::ProfessionalId;
use crate::domain::kernel::time;
use crate::domain::marketplace::payout::PayeeAccount;
use crate::store::company::Company;
use crate::store::due::PAYOUTS;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Store, Written};

pub use money::PayeeMoney;
pub(in crate::store) use money::RESERVED;

pub use account::{FailedPayout, PayeeOwner};

/// A professional who is, or may be, paid.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeRow {
    /// The account at Stripe, as it was last heard of.
    #[serde(default)]
    pub account: Option<PayeeAccount>,
    /// When Stripe said so: an older word that comes later changes nothing.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub account_heard_at: Option<DateTime<Utc>>,
    /// What Stripe waits for before it pays, in Stripe's word.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// What the professional's bank did not take, when that last happened.
    #[serde(default)]
    pub last_failed_payout: Option<Money>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub last_failed_payout_at: Option<DateTime<Utc>>,
    /// Since when bookings may be settled, while there are any.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub due_at: Option<DateTime<Utc>>,
    /// Grows with every claim; a plan under an older one is refused.
    #[serde(default)]
    pub fence: u64,
    /// Who holds the claim.
    #[serde(default)]
    pub owner: Option<String>,
    /// When the claim may be taken over.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lease_until: Option<DateTime<Utc>>,
    /// When a booking last came to be payable: an index may not show it for a moment.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub touched_at: Option<DateTime<Utc>>,
    /// Counts the bookings that came to be payable, so that none is overlooked while others are paid.
    #[serde(default)]
    pub version: u64,
    /// The last booking that was looked at, where there are more than one look takes.
    #[serde(default)]
    pub looked_until: Option<String>,
}

/// When a professional is looked at next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextCheck {
    /// As soon as somebody looks, from this booking on where one is named.
    Now(Option<String>),
    At(DateTime<Utc>),
    /// When another booking comes to be payable.
    Never,
}

impl PayeeRow {
    /// Whether somebody is at it.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
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
    pub(in crate::store) fn touch_payee(
        &self,
        professional_id: &ProfessionalId,
        from: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Write {
        Write::update(self.payee_key(professional_id))
            .set("professional_id", text(professional_id.as_str()))
            .set("touched_at", text(time::format(now)))
            .due_from(PAYOUTS, from)
            .count("version", 1)
    }

    /// Takes a professional over from the fence that was read; `None` when somebody else was faster.
    pub async fn claim_payee(
        &self,
        professional_id: &ProfessionalId,
        read: &PayeeRow,
        owner: Uuid,
        lease_until: DateTime<Utc>,
    ) -> Result<Option<PayeeRow>, StoreError> {
        let owner = owner.hyphenated().to_string();
        let write = Write::update(self.payee_key(professional_id))
            .set("fence", number(read.fence + 1))
            .set("owner", text(&owner))
            .set("lease_until", text(time::format(lease_until)))
            .expect(Expect::counted("fence", read.fence));
        match self.store.change::<PayeeRow>(write).await? {
            Written::Accepted(row) => Ok(Some(row)),
            // Our own claim whose answer was lost: the row bears our name.
            Written::Refused(found) => Ok(found.filter(|found| found.owner.as_deref() == Some(&owner))),
        }
    }

    /// Stands beside every decision about a professional: it is accepted only while nobody has taken over.
    pub fn extend_payee_claim(
        &self,
        professional_id: &ProfessionalId,
        held: &PayeeRow,
        lease_until: DateTime<Utc>,
    ) -> Write {
        Write::update(self.payee_key(professional_id))
            .set("lease_until", text(time::format(lease_until)))
            .expect(Expect::counted("fence", held.fence))
    }

    /// Lets a professional go. Where another booking came to be payable meanwhile the professional stays
    /// due, whatever was found out without it; where somebody else has taken over nothing is written.
    pub async fn release_payee(
        &self,
        professional_id: &ProfessionalId,
        held: &PayeeRow,
        next: NextCheck,
    ) -> Result<(), StoreError> {
        let release = || {
            Write::update(self.payee_key(professional_id))
                .remove("lease_until")
                .expect(Expect::counted("fence", held.fence))
        };
        let write = match next {
            NextCheck::Now(Some(looked_until)) => release().set("looked_until", text(looked_until)),
            NextCheck::Now(None) => release(),
            NextCheck::At(at) => release()
                .remove("looked_until")
                .due(PAYOUTS, Some(at))
                .expect(Expect::counted("version", held.version)),
            NextCheck::Never => release()
                .remove("looked_until")
                .due(PAYOUTS, None)
                .expect(Expect::counted("version", held.version)),
        };
        if let Written::Refused(Some(found)) = self.change_held_payee(write).await?
            && found.fence == held.fence
        {
            self.change_held_payee(release().remove("looked_until")).await?;
        }
        Ok(())
    }

    async fn change_held_payee(&self, write: Write) -> Result<Written<PayeeRow>, StoreError> {
        let store: &Store = &self.store;
        store.change(write).await
    }

    fn payee_key(&self, professional_id: &ProfessionalId) -> Key {
        Key::payee(&self.company, professional_id)
    }
}
