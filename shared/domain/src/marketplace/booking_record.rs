//! What is stored about a booking: its facts, and what was started because of them.

mod change;
mod step_request;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::booking::{Booking, History, Policy, Recipient, Step};
use super::payout::{BatchId, TransferRefusal};
use crate::kernel::id::CompanyId;
use crate::kernel::message::Language;
use crate::kernel::party::{BookingId, PaymentIntentId};

pub use change::{AppliedChange, BookingChange, ChangeError, PayoutChange};

/// The deployment's settings for bookings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingConfig {
    pub policy: Policy,
    pub concierge_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookingRecord {
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
    pub started_steps: BTreeMap<Step, u32>,
    /// The number of transfers that Stripe finally refused; the next transfer has the version after it.
    #[serde(default)]
    pub payouts_refused: u32,
    /// The batch of the latest refused transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_refused_in: Option<BatchId>,
    /// The latest refused transfer, from which follows when it is tried again. Absent for refusals before this
    /// was recorded, which are tried again in the next batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_refusal: Option<TransferRefusal>,
    /// Whether a transfer is prepared, being sent or in doubt.
    #[serde(default)]
    pub payout_in_progress: bool,
    /// Incremented with every change; 0 for a new row.
    pub version: u64,
}

/// A party's mail address and language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The address, sealed with [`BookingRecord::seal_context`].
    pub email_sealed: String,
    pub language: Language,
}

impl BookingRecord {
    /// A booking without facts.
    pub fn unknown(company_id: CompanyId, booking_id: BookingId) -> Self {
        Self {
            booking_id,
            company_id,
            history: History::default(),
            payment_intent_id: None,
            contact: None,
            professional_contact: None,
            started_steps: BTreeMap::new(),
            payouts_refused: 0,
            payout_refused_in: None,
            payout_refusal: None,
            payout_in_progress: false,
            version: 0,
        }
    }

    /// The booking derived from the facts; `None` until it was requested.
    pub fn booking(&self) -> Option<Booking> {
        self.history.booking_with(self.payment_intent_id.as_ref())
    }

    /// Every payment in the facts, and the one that we created.
    pub fn payments(&self) -> BTreeSet<&PaymentIntentId> {
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

    /// When a run of a batch may pay the share after its latest refusal: `None` if no run of this batch does.
    pub fn payout_retry_at(&self, batch: BatchId) -> Option<DateTime<Utc>> {
        match (&self.payout_refusal, self.payout_refused_in) {
            (Some(refusal), _) => refusal.retry_at(batch),
            (None, Some(refused_in)) if refused_in == batch => None,
            _ => Some(DateTime::UNIX_EPOCH),
        }
    }

    /// The version of the next transfer.
    pub fn payout_version(&self) -> u32 {
        self.payouts_refused + 1
    }
}
