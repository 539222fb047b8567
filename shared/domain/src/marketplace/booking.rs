//! A job that a customer asked a professional for, from the request to the payout.
//!
//! Facts are a *set*: a fact that arrives twice is in it once, and the order of arrival leaves no
//! trace. The booking is a pure function of the set, so any number of deliveries in any order ends in
//! one state. Facts about a booking that nobody has asked for yet are kept until somebody does.
//!
//! | what Stripe did | what people and the sweep say | the booking |
//! | --- | --- | --- |
//! | captured | whatever was said about declining | was accepted: the capture won the race |
//! | captured | cancelled before it was completed | `cancelled`, its money still held for the customer |
//! | let go | declined, auto-declined or cancelled | as they say, even if they say it later |
//! | let go | nothing | by Stripe's own reason; a lapsed hold is `declined`, `hold_expired` |
//! | nothing yet | accepted and declined | whichever came first |
//! | nothing yet | accepted | still `authorized`: it is accepted once the money is taken |
//! | refused the capture | accepted | `declined`, `payment_failed`, until it is captured after all |

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

/// Far above what a booking gathers in a lifetime; a flood beyond it is set aside, not applied.
pub const MAX_FACTS: usize = 500;

/// The set of facts of one booking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct History {
    facts: BTreeSet<BookingFact>,
}

impl History {
    /// Adds a fact; `false` when it was already there.
    pub fn add(&mut self, fact: BookingFact) -> bool {
        self.facts.insert(fact)
    }

    /// Takes in what another reader of the same booking knows.
    pub fn merge(&mut self, other: Self) {
        self.facts.extend(other.facts);
    }

    /// The facts, oldest first.
    pub fn facts(&self) -> impl Iterator<Item = &BookingFact> {
        self.facts.iter()
    }

    /// How many facts there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The booking that follows from the facts; `None` until somebody asked for it.
    pub fn booking(&self) -> Option<Booking> {
        self.booking_with(None)
    }

    /// The same where it is known which payment was opened for it, which may be before anybody pays by it.
    pub fn booking_with(&self, opened: Option<&PaymentIntentId>) -> Option<Booking> {
        fold::booking(&self.facts, opened)
    }
}

/// What follows from the facts of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// What was agreed. Of two requests the first counts.
    pub terms: Terms,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// Where it stands, disputes aside.
    pub stage: BookingStatus,
    pub status: BookingStatus,
    /// When the fact that brought it to its stage happened.
    pub stage_at: DateTime<Utc>,
    /// The hold on the customer's money, once there was one.
    pub authorization: Option<Authorization>,
    /// When the professional's word, or the capture, made it a promise.
    pub accepted_at: Option<DateTime<Utc>>,
    /// Whether the professional said yes at any time, whatever came of it.
    pub is_promised: bool,
    /// Why it was declined, if it was.
    pub decline: Option<Decline>,
    /// When the job was done.
    pub completed_at: Option<DateTime<Utc>>,
    /// When and by whom it was called off; Stripe's own cancellations are the platform's.
    pub cancellation: Option<(DateTime<Utc>, CancelledBy)>,
    /// When Stripe let the money go, if it did.
    pub released_at: Option<DateTime<Utc>>,
    /// What the customer pays with, once Stripe named it: of several payments the booking's own.
    pub payment_intent: Option<PaymentIntentId>,
    /// The charge the money is in, once Stripe named it.
    pub charge: Option<ChargeId>,
    /// How the professional's share was settled, if it was.
    pub payout: Option<Payout>,
    /// Whether a dispute is undecided; no payout leaves meanwhile.
    pub dispute_open: bool,
    pub amounts: Amounts,
    /// When a refund failed that Stripe had made, where its money is still with us.
    pub refund_returned_at: Option<DateTime<Utc>>,
    /// The steps that a provider refused for good, each by its newest refused version.
    pub refusals: BTreeMap<Step, StepRefusal>,
    /// What does not add up. Kept and shown, never guessed at.
    pub anomalies: BTreeSet<Anomaly>,
}

/// The hold on a customer's money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Since when there is one.
    pub at: DateTime<Utc>,
    /// When the network lets go of it, by Stripe's newest word.
    pub capture_before: Option<DateTime<Utc>>,
}

/// How a booking was declined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decline {
    pub at: DateTime<Utc>,
    pub reason: DeclinedReason,
    /// Whether it was the sweep that did it; a hold may also lapse by itself.
    pub processed_by_cron: bool,
}

impl Decline {
    /// When it was declined without a word of the professional.
    pub fn auto_declined_at(&self) -> Option<DateTime<Utc>> {
        (self.reason != DeclinedReason::ProfessionalDeclined).then_some(self.at)
    }
}

/// How a professional's share was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payout {
    pub at: DateTime<Utc>,
    pub batch: BatchId,
    /// By which transfer; `None` where a debt took all.
    pub transfer: Option<TransferId>,
}

#[cfg(test)]
mod laws;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
#[path = "booking_tests.rs"]
mod tests;
