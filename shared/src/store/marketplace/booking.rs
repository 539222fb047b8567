//! Rows of bookings. One transaction records facts and everything that follows from them: the status, the lists
//! and the due time, ledger entries and balances, the audit entry, the effects of the next steps, and the
//! payee's due time.

mod list;
mod lookup;
mod project;
mod record;
mod step_request;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::message::Language;
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::marketplace::booking::{Booking, History, Recipient, Step};
use crate::domain::marketplace::payout::BatchId;
use crate::domain::platform::effect::Effect;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::{Company, write::Write};

pub use list::{BookingCursor, BookingFilter};
pub use lookup::BookingOwner;
pub use record::{BookingChange, BookingConfig, BookingRecording, PayoutChange};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRow {
    pub booking_id: BookingId,
    pub company_id: CompanyId,
    pub history: History,
    /// The payment that we created for the booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent_id: Option<PaymentIntentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// The professional's address; set when the professional accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub professional_contact: Option<Contact>,
    /// The started steps, each with its newest version.
    #[serde(default)]
    pub begun: BTreeMap<Step, u32>,
    /// The number of transfers that Stripe finally refused; the next transfer has the version after it.
    #[serde(default)]
    pub payouts_refused: u32,
    /// The batch of the latest refused transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_refused_in: Option<BatchId>,
    /// Whether a transfer is prepared, being sent or in doubt.
    #[serde(default)]
    pub payout_in_progress: bool,
    /// Incremented with every change; 0 for a new row.
    pub version: u64,
}

/// A party's mail address and language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address, sealed with [`BookingRow::seal_context`].
    pub email_sealed: String,
    pub language: Language,
}

impl BookingRow {
    /// A booking without facts.
    pub fn unknown(company_id: CompanyId, booking_id: BookingId) -> Self {
        Self {
            booking_id,
            company_id,
            history: History::default(),
            payment_intent_id: None,
            contact: None,
            professional_contact: None,
            begun: BTreeMap::new(),
            payouts_refused: 0,
            payout_refused_in: None,
            payout_in_progress: false,
            version: 0,
        }
    }

    /// The booking derived from the facts; `None` until it was requested.
    pub fn booking(&self) -> Option<Booking> {
        self.history.booking_with(self.payment_intent_id.as_ref())
    }

    /// Every payment in the facts, and the one that we created.
    fn payments(&self) -> BTreeSet<&PaymentIntentId> {
        let named = self.history.facts().filter_map(|fact| fact.what.payment_intent());
        named.chain(&self.payment_intent_id).collect()
    }

    /// A party's contact, if known.
    pub fn contact_of(&self, recipient: Recipient) -> Option<&Contact> {
        match recipient {
            Recipient::Customer => self.contact.as_ref(),
            Recipient::Professional => self.professional_contact.as_ref(),
        }
    }

    /// The context that the addresses of a booking's parties are sealed with.
    pub fn seal_context(booking_id: BookingId) -> String {
        format!("booking:{booking_id}")
    }

    /// The version of the next transfer.
    pub fn payout_version(&self) -> u32 {
        self.payouts_refused + 1
    }
}

impl Company {
    /// Reads a booking; returns an unknown one if nothing was recorded.
    pub async fn booking(&self, booking_id: BookingId) -> Result<BookingRow, StoreError> {
        let found = self.store.get(Key::booking(&self.company, booking_id)).await?;
        Ok(found.unwrap_or_else(|| BookingRow::unknown(self.company.clone(), booking_id)))
    }

    /// Reads the given bookings; missing ones are left out.
    pub async fn booking_rows(&self, ids: &BTreeSet<BookingId>) -> Result<Vec<BookingRow>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::booking(&self.company, *id)).collect();
        self.store.get_all(&keys).await
    }

    /// The write of a step's effect; must be in the transaction of the facts that require it.
    fn start_step(
        &self,
        booking_id: BookingId,
        effect: &Effect,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        self.add_action(booking_id, effect, Some(now))
    }
}
