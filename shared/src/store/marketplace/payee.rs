//! Rows of professionals for payouts: their due time, claim, account at Stripe and debt. The directory maps a
//! Stripe account to its professional, so that events about the account can be applied.

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

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayeeRow {
    /// The account at Stripe in its last known state.
    #[serde(default)]
    pub account: Option<PayeeAccount>,
    /// The time of that state at Stripe; an older event that arrives later is ignored.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub account_reported_at: Option<DateTime<Utc>>,
    /// Stripe's code for what it requires before it pays.
    #[serde(default)]
    pub disabled_reason: Option<String>,
    /// The latest payout that the professional's bank rejected.
    #[serde(default)]
    pub last_failed_payout: Option<Money>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub last_failed_payout_at: Option<DateTime<Utc>>,
    /// The earliest time at which a booking may be settled; absent without such bookings.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub due_at: Option<DateTime<Utc>>,
    /// The fencing token: incremented with every claim; writes under an older one are refused.
    #[serde(default)]
    pub fence: u64,
    /// The worker that holds the claim.
    #[serde(default)]
    pub owner: Option<String>,
    /// When another worker may take over the claim.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lease_until: Option<DateTime<Utc>>,
    /// When a booking last became payable; an index may not show it yet.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub touched_at: Option<DateTime<Utc>>,
    /// Incremented when a booking becomes payable, so that it is not overlooked while others are paid.
    #[serde(default)]
    pub version: u64,
    /// The cursor of the next turn, if there are more bookings than one turn loads.
    #[serde(default)]
    pub next_cursor: Option<String>,
    /// The provider's code of the failed call that the next turn waits for; absent after a turn that succeeded.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// Since when it waits.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub waits_since: Option<DateTime<Utc>>,
    /// The number of turns that failed since then.
    #[serde(default)]
    pub waits_tries: u32,
}

/// When the next turn of a professional is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextCheck {
    /// At the next run, optionally from this cursor on.
    Now(Option<String>),
    At(DateTime<Utc>),
    /// When another booking becomes payable.
    Never,
}

impl PayeeRow {
    /// Whether a worker holds the claim.
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.lease_until.is_some_and(|until| until > now)
    }
}

impl Company {
    /// Reads a professional's row; returns an empty one if there is none.
    pub async fn payee(&self, professional_id: &ProfessionalId) -> Result<PayeeRow, StoreError> {
        Ok(self.known_payee(professional_id).await?.unwrap_or_default())
    }

    /// Reads a professional's row; `None` if there is none.
    pub async fn known_payee(
        &self,
        professional_id: &ProfessionalId,
    ) -> Result<Option<PayeeRow>, StoreError> {
        self.store.get(Key::payee(&self.company, professional_id)).await
    }

    /// Makes a professional due for the next payouts, at the earliest when a booking's hold-back ends.
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

    /// Claims a professional if the fencing token is unchanged; `None` if another worker was faster.
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
            // Our own claim, whose response was lost: the row has our owner id.
            Written::Refused(found) => Ok(found.filter(|found| found.owner.as_deref() == Some(&owner))),
        }
    }

    /// Extends the claim; must be in the transaction of every decision about a professional, so that the
    /// decision is refused once another worker has taken over.
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

    /// Releases the claim and sets the time of the next turn. If another booking became payable meanwhile, the
    /// professional stays due. If another worker has taken over, nothing is written. `waits_for` is the code of
    /// the failed call that the next turn waits for.
    pub async fn release_payee(
        &self,
        professional_id: &ProfessionalId,
        held: &PayeeRow,
        next: NextCheck,
        waits_for: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let release = || {
            let write = Write::update(self.payee_key(professional_id))
                .remove("lease_until")
                .expect(Expect::counted("fence", held.fence));
            match waits_for {
                Some(code) => write
                    .set("waits_for", text(code))
                    .set("waits_since", text(time::format(held.waits_since.unwrap_or(now))))
                    .set("waits_tries", number(held.waits_tries + 1)),
                None => write.remove("waits_for").remove("waits_since").remove("waits_tries"),
            }
        };
        let write = match next {
            NextCheck::Now(Some(next_cursor)) => release().set("next_cursor", text(next_cursor)),
            NextCheck::Now(None) => release(),
            NextCheck::At(at) => release()
                .remove("next_cursor")
                .due(PAYOUTS, Some(at))
                .expect(Expect::counted("version", held.version)),
            NextCheck::Never => release()
                .remove("next_cursor")
                .due(PAYOUTS, None)
                .expect(Expect::counted("version", held.version)),
        };
        if let Written::Refused(Some(found)) = self.change_held_payee(write).await?
            && found.fence == held.fence
        {
            self.change_held_payee(release().remove("next_cursor")).await?;
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
