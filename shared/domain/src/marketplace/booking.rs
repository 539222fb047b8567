//! A booking: a job that a customer requests from a professional, from the request to the payout.
//!
//! Facts are a *set*: a fact that arrives twice is in it once, and the order of arrival has no influence. The
//! booking is a pure function of the set, so any number of deliveries in any order gives the same state. Facts
//! that arrive before the request are kept until it arrives.
//!
//! | Stripe's fact | facts of people and the sweep | the booking |
//! | --- | --- | --- |
//! | captured | any decline | accepted: the capture won the race |
//! | captured | cancelled before completion | `cancelled`, with the money still to be refunded |
//! | voided | declined, auto-declined or cancelled | as they say, even if they are recorded later |
//! | voided | none | by Stripe's reason; an expired authorization is `declined`, `hold_expired` |
//! | voided, and never authorized | none | `cancelled`: the customer did not pay in time |
//! | none yet | accepted and declined | the earlier of both |
//! | none yet | accepted | still `authorized`: it is accepted once the payment is captured |
//! | capture refused | accepted | `declined`, `payment_failed`, unless it is captured later |

mod amounts;
mod command;
mod currency;
mod dispute;
mod due;
mod fact;
mod fold;
mod mail_step;
mod payment;
mod recorded_dispute;
mod refusal;
mod status;
mod step;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::payout::BatchId;
use crate::kernel::party::{ChargeId, PaymentIntentId, TransferId};

pub use amounts::{Amounts, Anomaly};
pub use command::{BookingCommand, Refusal};
pub use currency::{is_chargeable, step_amount};
pub use dispute::DisputeStatus;
pub use due::{Due, Policy};
pub use fact::{BookingFact, BookingFactKind, CancelledBy, DeclinedReason, Kind, ReleaseReason};
pub use recorded_dispute::{RecordedDispute, newest_disputes, taken_out_amount};
pub use refusal::{RefusalDecision, StepRefusal};
pub use status::BookingStatus;
pub use step::{Recipient, Step};
pub use terms::{FeeBasisPoints, InvalidTerms, MAX_PRICE, Terms};

/// Far more than a booking ever has; further events are set aside and not applied.
pub const MAX_FACTS: usize = 500;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    facts: BTreeSet<BookingFact>,
}

impl History {
    /// Adds a fact; `false` if it is known.
    pub fn add(&mut self, fact: BookingFact) -> bool {
        self.facts.insert(fact)
    }

    /// Adds the facts of another copy of the same history.
    pub fn merge(&mut self, other: Self) {
        self.facts.extend(other.facts);
    }

    pub fn facts(&self) -> impl Iterator<Item = &BookingFact> {
        self.facts.iter()
    }

    pub fn len(&self) -> usize {
        self.facts.len()
    }

    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The booking derived from the facts; `None` until it was requested.
    pub fn booking(&self) -> Option<Booking> {
        self.booking_with(None)
    }

    /// Like [`History::booking`], given the payment that we created, which may be known before the customer pays.
    pub fn booking_with(&self, opened: Option<&PaymentIntentId>) -> Option<Booking> {
        fold::booking(&self.facts, opened)
    }
}

/// The state of a booking, derived from its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The agreed terms. Of two requests the first counts.
    pub terms: Terms,
    pub requested_at: DateTime<Utc>,
    /// The status without regard to disputes.
    pub stage: BookingStatus,
    pub status: BookingStatus,
    /// The time of the fact that led to the stage.
    pub stage_at: DateTime<Utc>,
    /// The authorization of the payment, once there was one.
    pub authorization: Option<Authorization>,
    /// When the professional accepted, or the payment was captured.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Whether the professional accepted at any time, whatever happened later.
    pub is_promised: bool,
    pub decline: Option<Decline>,
    pub completed_at: Option<DateTime<Utc>>,
    /// When and by whom it was cancelled; cancellations at Stripe count as the platform's.
    pub cancellation: Option<(DateTime<Utc>, CancelledBy)>,
    /// When Stripe voided the authorization.
    pub released_at: Option<DateTime<Utc>>,
    /// The booking's own payment, once a fact named it.
    pub payment_intent: Option<PaymentIntentId>,
    /// The charge of that payment, once a fact named it.
    pub charge: Option<ChargeId>,
    pub payout: Option<Payout>,
    /// Whether a dispute is undecided; the booking is not paid out meanwhile.
    pub dispute_open: bool,
    pub amounts: Amounts,
    /// When a refund failed after Stripe had made it, if the money is still with us.
    pub refund_returned_at: Option<DateTime<Utc>>,
    /// The steps that a provider finally refused, each with its newest refused version.
    pub refusals: BTreeMap<Step, StepRefusal>,
    /// Inconsistencies in the facts. They are shown and never corrected by guessing.
    pub anomalies: BTreeSet<Anomaly>,
}

/// The authorization of a customer's payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    pub at: DateTime<Utc>,
    /// When the card network voids it, according to Stripe's newest fact.
    pub capture_before: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    pub at: DateTime<Utc>,
    pub reason: DeclinedReason,
    /// Whether the sweep declined it; an authorization may also expire by itself.
    pub processed_by_cron: bool,
}

impl Decline {
    /// When it was declined without the professional's answer.
    pub fn auto_declined_at(&self) -> Option<DateTime<Utc>> {
        (self.reason != DeclinedReason::ProfessionalDeclined).then_some(self.at)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    pub at: DateTime<Utc>,
    pub batch: BatchId,
    /// The transfer; `None` if a debt consumed the whole share.
    pub transfer: Option<TransferId>,
}

#[cfg(test)]
mod properties;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
#[path = "booking_tests.rs"]
mod tests;
