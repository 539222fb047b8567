//! Bookings, as rows: recording what happened to one, and everything that follows from it, in one
//! transaction: the facts, the state, its lists and due time, the entry in the books and the balances,
//! the audit entry, the steps that must leave the house because of it, and the payee who may be paid.

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

/// A booking as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRow {
    pub booking_id: BookingId,
    pub company_id: CompanyId,
    pub history: History,
    /// The payment that was opened for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_intent_id: Option<PaymentIntentId>,
    /// Where the customer is reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Where the professional is reached, since they accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub professional_contact: Option<Contact>,
    /// The steps that were begun, each in its newest version.
    #[serde(default)]
    pub begun: BTreeMap<Step, u32>,
    /// How many transfers Stripe refused for good; the next is one version later.
    #[serde(default)]
    pub payouts_refused: u32,
    /// The batch in which Stripe refused the newest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_refused_in: Option<BatchId>,
    /// Whether a transfer is prepared, on its way or in doubt.
    #[serde(default)]
    pub payout_in_progress: bool,
    /// Counts its changes; 0 for one not seen before.
    pub version: u64,
}

/// Where a party to a booking is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address, sealed for [`BookingRow::place`].
    pub email_sealed: String,
    pub language: Language,
}

impl BookingRow {
    /// A booking of which nothing is known yet.
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

    /// The booking that follows from its facts.
    pub fn booking(&self) -> Option<Booking> {
        self.history.booking_with(self.payment_intent_id.as_ref())
    }

    /// Every payment that anything is known of, and the one that was opened.
    fn payments(&self) -> BTreeSet<&PaymentIntentId> {
        let named = self.history.facts().filter_map(|fact| fact.what.payment_intent());
        named.chain(&self.payment_intent_id).collect()
    }

    /// Where a party is reached, as far as that is known.
    pub fn contact_of(&self, recipient: Recipient) -> Option<&Contact> {
        match recipient {
            Recipient::Customer => self.contact.as_ref(),
            Recipient::Professional => self.professional_contact.as_ref(),
        }
    }

    /// What the addresses of a booking's parties are sealed for.
    pub fn place(booking_id: BookingId) -> String {
        format!("booking:{booking_id}")
    }

    /// The version of its next transfer.
    pub fn payout_version(&self) -> u32 {
        self.payouts_refused + 1
    }
}

impl Company {
    /// A booking; an unknown one where nothing was recorded.
    pub async fn booking(&self, booking_id: BookingId) -> Result<BookingRow, StoreError> {
        let found = self.store.get(Key::booking(&self.company, booking_id)).await?;
        Ok(found.unwrap_or_else(|| BookingRow::unknown(self.company.clone(), booking_id)))
    }

    /// Those of the bookings that are there, in no order.
    pub async fn booking_rows(&self, ids: &BTreeSet<BookingId>) -> Result<Vec<BookingRow>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::booking(&self.company, *id)).collect();
        self.store.get_all(&keys).await
    }

    /// A step decided on, beside what made it necessary.
    fn begin(&self, booking_id: BookingId, effect: &Effect, now: DateTime<Utc>) -> Result<Write, StoreError> {
        self.add_action(booking_id, effect, Some(now))
    }
}
