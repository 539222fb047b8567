//! The steps of a booking that a provider finally refused, and the decisions about them.
//!
//! A refusal is a fact of the booking, so that the booking's status, list and next steps are derived from it
//! like from all other facts. It is unresolved until a person decides, or until a later fact makes it
//! irrelevant: the payment was captured, cancelled or refunded.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Booking;
use super::fact::{BookingFact, BookingFactKind, DeclinedReason};
use super::step::Step;
use crate::platform::refusal;

/// A person's decision about a refused step.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RefusalDecision {
    /// Retry the step, as a new version of its operation and so under a new idempotency key.
    Retry,
    /// Do not retry it. After a refused capture the authorization is voided.
    Close,
}

/// The newest refused version of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRefusal {
    pub version: u32,
    pub refused_at: DateTime<Utc>,
    /// The provider's code, or our own reason code.
    pub reason: String,
    /// `None` until a person decides.
    pub decision: Option<RefusalDecision>,
}

/// The newest refusal of each step.
pub(super) fn newest_refusals<'a>(
    facts: impl Iterator<Item = &'a BookingFact> + Clone,
) -> BTreeMap<Step, StepRefusal> {
    let mut refusals: BTreeMap<Step, StepRefusal> = BTreeMap::new();
    for fact in facts.clone() {
        let BookingFactKind::StepRefused { step, version, reason } = &fact.what else { continue };
        let newest = refusals.get(step).is_none_or(|known| known.version < *version);
        if newest {
            let (refused_at, reason) = (fact.at, reason.clone());
            refusals.insert(*step, StepRefusal { version: *version, refused_at, reason, decision: None });
        }
    }
    for fact in facts {
        let BookingFactKind::RefusalResolved { step, version, decision } = &fact.what else { continue };
        if let Some(refusal) = refusals.get_mut(step).filter(|refusal| refusal.version == *version) {
            // The first decision counts: the step it started cannot be undone.
            refusal.decision.get_or_insert(*decision);
        }
    }
    refusals
}

impl RefusalDecision {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl StepRefusal {
    /// Whether the step is over; a retried one is not.
    pub(super) fn is_final(&self) -> bool {
        self.decision != Some(RefusalDecision::Retry)
    }
}

impl Booking {
    /// The refusal of a step, if no person has decided about it and no later fact makes it irrelevant.
    pub fn unresolved_refusal(&self, step: Step) -> Option<&StepRefusal> {
        let is_captured = self.amounts.captured > 0;
        let is_irrelevant = match step {
            // An impossible amount or currency was the caller's error and was reported in the answer.
            Step::Hold => {
                self.refusals.get(&step).is_some_and(|it| refusal::refused_field(&it.reason).is_some())
            }
            Step::Capture => {
                let is_failed =
                    self.decline.as_ref().map(|it| it.reason) == Some(DeclinedReason::PaymentFailed);
                !is_failed || is_captured || self.released_at.is_some()
            }
            Step::Release => !self.stage.is_off() || is_captured || self.released_at.is_some(),
            Step::Refund => !self.stage.is_off() || self.amounts.remaining() <= 0,
            Step::DeclineMail | Step::ProfessionalDeclinedMail => {
                self.stage != super::BookingStatus::Declined
            }
            Step::AcceptedMail | Step::ProfessionalAcceptedMail => self.stage.is_off(),
            // A later fact has made the mail obsolete.
            Step::ReleaseRefusedMail => !self.stage.is_off() || is_captured || self.released_at.is_some(),
            Step::RefundRefusedMail => !self.stage.is_off() || self.amounts.remaining() <= 0,
            Step::RefundedMail => !self.stage.is_off() || self.amounts.remaining() > 0,
        };
        self.refusals.get(&step).filter(|refusal| refusal.decision.is_none() && !is_irrelevant)
    }

    /// Every refusal that a person has to decide about.
    pub fn unresolved_refusals(&self) -> impl Iterator<Item = (Step, &StepRefusal)> {
        Step::ALL.into_iter().filter_map(|step| Some((step, self.unresolved_refusal(step)?)))
    }

    /// Every refusal shown with the booking: the unresolved ones, and that of a payment that could not be
    /// created, because it ended the booking.
    pub fn shown_refusals(&self) -> impl Iterator<Item = (Step, &StepRefusal)> {
        let is_shown = |step: Step| {
            let unresolved = self.unresolved_refusal(step);
            unresolved.or_else(|| self.refusals.get(&step).filter(|_| step == Step::Hold))
        };
        Step::ALL.into_iter().filter_map(move |step| Some((step, is_shown(step)?)))
    }

    /// Whether the authorization still exists because Stripe refused to void it.
    pub(super) fn is_release_refused(&self) -> bool {
        let is_refused = self.refusals.get(&Step::Release).is_some_and(StepRefusal::is_final);
        let is_held = self.authorization.is_some() && self.released_at.is_none();
        is_refused && is_held && self.amounts.captured == 0 && self.stage.is_off()
    }

    /// The customer's money affected by a refused step, in minor units.
    pub fn waiting_amount(&self, step: Step) -> Option<i64> {
        match step {
            Step::Capture => Some(self.terms.price.amount),
            Step::Release => self.authorization.as_ref().map(|_| self.terms.price.amount),
            Step::Refund => Some(self.amounts.remaining()),
            _ => None,
        }
    }

    /// Whether the professional has accepted and the payment is not captured yet.
    pub fn is_capture_pending(&self) -> bool {
        let promised = self.stage == super::BookingStatus::Accepted || self.stage.is_done();
        promised && self.authorization.is_some() && self.amounts.captured == 0 && self.released_at.is_none()
    }

    /// The status of the customer's payment in the API.
    pub fn payment_status(&self) -> &'static str {
        let amounts = &self.amounts;
        // A refused void or refund that a person closed has not happened either.
        let is_refused = |step: Step| self.refusals.get(&step).is_some_and(StepRefusal::is_final);
        match () {
            () if amounts.captured > 0 && amounts.refunded == amounts.captured => "refunded",
            () if amounts.captured > 0 && self.stage.is_off() && is_refused(Step::Refund) => "refund_refused",
            () if amounts.captured > 0 && self.stage.is_off() && amounts.remaining() > 0 => "refund_pending",
            () if amounts.captured > 0 => "captured",
            () if self.released_at.is_some() => "released",
            () if self.unresolved_refusal(Step::Capture).is_some() => "capture_refused",
            () if self.refusals.contains_key(&Step::Hold) => "refused",
            () if self.authorization.is_none() => "unpaid",
            () if self.stage.is_off() && is_refused(Step::Release) => "release_refused",
            () if self.stage.is_off() => "release_pending",
            () if self.is_capture_pending() => "capture_pending",
            () => "held",
        }
    }
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
