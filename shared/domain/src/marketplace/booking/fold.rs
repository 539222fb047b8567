//! Derives the booking from its facts.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::amounts::{Anomaly, Registers, first_payout};
use super::fact::{BookingFact, BookingFactKind, CancelledBy, DeclinedReason, Kind, ReleaseReason};
use super::status::BookingStatus;
use super::step::Step;
use super::terms::Terms;
use super::{Authorization, Booking, Decline, Payout};
use super::{payment, refusal};
use crate::kernel::party::{ChargeId, PaymentIntentId};

/// The booking derived from the facts; `None` until it was requested.
pub(super) fn booking(facts: &BTreeSet<BookingFact>, opened: Option<&PaymentIntentId>) -> Option<Booking> {
    let (requested_at, terms) = request(facts)?;
    let own = payment::own_payment(terms, facts, opened);
    let (facts, others): (Vec<&BookingFact>, Vec<&BookingFact>) =
        facts.iter().partition(|fact| fact.what.is_of(own));
    let mut registers = Registers::read(terms, &facts);
    let amounts = registers.amounts(terms);
    let mut booking = Booking {
        terms: terms.clone(),
        requested_at,
        stage: BookingStatus::Requested,
        status: BookingStatus::Requested,
        stage_at: requested_at,
        authorization: None,
        accepted_at: None,
        is_promised: facts.iter().any(|fact| fact.what.kind() == Kind::Accepted),
        decline: None,
        completed_at: None,
        cancellation: None,
        released_at: None,
        payment_intent: None,
        charge: None,
        payout: first_payout(&facts).map(|(at, batch, transfer)| Payout { at, batch, transfer }),
        dispute_open: registers.disputes.any_open(),
        amounts,
        refund_returned_at: registers.refund_returned_at,
        refusals: refusal::newest_refusals(facts.iter().copied()),
        anomalies: BTreeSet::new(),
    };
    let mut fold = Fold { booking: &mut booking, captured: registers.is_captured(), unexplained: false };
    for fact in facts {
        fold.apply(fact);
    }
    booking.finish();
    booking.status = match booking.stage {
        _ if registers.disputes.any_against_us() => BookingStatus::Disputed,
        // An acceptance counts once the payment is captured.
        _ if booking.is_capture_pending() => BookingStatus::Authorized,
        stage => stage,
    };
    booking.anomalies.extend(registers.anomalies);
    if others.iter().any(|fact| fact.what.kind() == Kind::Captured) {
        booking.anomalies.insert(Anomaly::SecondPayment);
    }
    Some(booking)
}

fn request(facts: &BTreeSet<BookingFact>) -> Option<(DateTime<Utc>, &Terms)> {
    facts.iter().find_map(|fact| match &fact.what {
        BookingFactKind::Requested(terms) => Some((fact.at, terms)),
        _ => None,
    })
}

/// The booking during the fold over its facts.
struct Fold<'a> {
    booking: &'a mut Booking,
    /// Known in advance: a capture decides a race, whenever its fact arrives.
    captured: bool,
    /// Whether only Stripe's void ended the booking. The fact of the person or sweep that requested it sets the
    /// reason, even if it is dated later.
    unexplained: bool,
}

impl Fold<'_> {
    fn apply(&mut self, fact: &BookingFact) {
        match &fact.what {
            BookingFactKind::Authorized { payment_intent, charge, capture_before, .. } => {
                self.name_payment(payment_intent, charge);
                self.authorize(fact.at, *capture_before);
            }
            BookingFactKind::Captured { payment_intent, charge, .. } => {
                self.name_payment(payment_intent, charge);
                if self.captured {
                    self.accept(fact.at);
                }
            }
            BookingFactKind::Accepted => self.accept(fact.at),
            BookingFactKind::Declined if !self.captured => {
                self.decline(fact.at, DeclinedReason::ProfessionalDeclined, false);
            }
            BookingFactKind::AutoDeclined { reason } if !self.captured => {
                self.decline(fact.at, *reason, true)
            }
            BookingFactKind::Released { reason, .. } if !self.captured => self.release(fact.at, *reason),
            BookingFactKind::Completed if self.booking.stage == BookingStatus::Accepted => {
                self.booking.completed_at = Some(fact.at);
                self.booking.set_stage(BookingStatus::Completed, fact.at);
            }
            BookingFactKind::Cancelled { by } => self.cancel(fact.at, *by),
            BookingFactKind::StepRefused { step, version, .. } if !self.captured => {
                self.refuse_payment(fact.at, *step, *version);
            }
            _ => {}
        }
    }

    fn name_payment(&mut self, payment_intent: &PaymentIntentId, charge: &Option<ChargeId>) {
        self.booking.payment_intent.get_or_insert_with(|| payment_intent.clone());
        self.booking.charge = charge.clone().or(self.booking.charge.take());
    }

    fn authorize(&mut self, at: DateTime<Utc>, capture_before: Option<DateTime<Utc>>) {
        let known = self.booking.authorization.get_or_insert(Authorization { at, capture_before: None });
        known.capture_before = capture_before.or(known.capture_before);
        if self.booking.stage == BookingStatus::Requested {
            self.booking.set_stage(BookingStatus::Authorized, at);
        }
    }

    fn accept(&mut self, at: DateTime<Utc>) {
        if self.booking.stage.is_unanswered() {
            self.booking.accepted_at = Some(at);
            self.booking.set_stage(BookingStatus::Accepted, at);
        }
    }

    /// Declines the booking if its payment was not created or captured. For a retried step only the newest refusal
    /// counts.
    fn refuse_payment(&mut self, at: DateTime<Utc>, step: Step, version: u32) {
        let refusal = self.booking.refusals.get(&step);
        if !refusal.is_some_and(|refusal| refusal.version == version && refusal.is_final()) {
            return;
        }
        let stage = self.booking.stage;
        let is_over = match step {
            Step::Hold => stage == BookingStatus::Requested,
            // Stripe's times have whole-second precision, so a void may be dated before the refusal that caused
            // it.
            Step::Capture => stage.may_be_cancelled() || stage.is_done() || self.unexplained,
            _ => false,
        };
        if is_over {
            self.unexplained = false;
            self.booking.completed_at = None;
            self.booking.cancellation = None;
            self.lapse(at, DeclinedReason::PaymentFailed);
        }
    }

    fn decline(&mut self, at: DateTime<Utc>, reason: DeclinedReason, processed_by_cron: bool) {
        if self.booking.stage.is_unanswered() || self.unexplained {
            self.unexplained = false;
            self.booking.cancellation = None;
            self.booking.decline = Some(Decline { at, reason, processed_by_cron });
            self.booking.set_stage(BookingStatus::Declined, at);
        }
    }

    fn cancel(&mut self, at: DateTime<Utc>, by: CancelledBy) {
        if self.booking.stage.may_be_cancelled() || self.unexplained {
            self.unexplained = false;
            self.booking.decline = None;
            self.booking.cancellation = Some((at, by));
            self.booking.set_stage(BookingStatus::Cancelled, at);
        }
    }

    fn release(&mut self, at: DateTime<Utc>, reason: ReleaseReason) {
        self.booking.released_at.get_or_insert(at);
        if !self.booking.stage.may_be_cancelled() {
            return;
        }
        match reason {
            ReleaseReason::RequestedByCustomer => self.cancel(at, CancelledBy::Customer),
            // Nobody has paid, so nothing was held and nobody had to answer: the time to pay has run out.
            ReleaseReason::Abandoned | ReleaseReason::Automatic if self.booking.authorization.is_none() => {
                self.cancel(at, CancelledBy::Schedule);
            }
            ReleaseReason::Other => self.cancel(at, CancelledBy::Owner),
            ReleaseReason::Abandoned => self.lapse(at, DeclinedReason::ProfessionalNoResponse),
            ReleaseReason::Automatic => self.lapse(at, DeclinedReason::HoldExpired),
        }
        self.unexplained = true;
    }

    /// Declines the booking without an answer. An accepted booking is declined too, because an acceptance needs
    /// the customer's payment.
    fn lapse(&mut self, at: DateTime<Utc>, reason: DeclinedReason) {
        self.booking.decline = Some(Decline { at, reason, processed_by_cron: false });
        self.booking.set_stage(BookingStatus::Declined, at);
    }
}

impl Booking {
    fn set_stage(&mut self, stage: BookingStatus, at: DateTime<Utc>) {
        self.stage = stage;
        self.stage_at = at;
    }

    /// Applies the payout, and reports inconsistencies between the stage and the money.
    fn finish(&mut self) {
        if self.payout.is_some() && self.stage != BookingStatus::Completed {
            self.anomalies.insert(Anomaly::PaidBeforeCompletion);
        }
        if let (Some(payout), BookingStatus::Completed) = (&self.payout, self.stage) {
            let at = payout.at.max(self.stage_at);
            self.set_stage(BookingStatus::PaidOut, at);
        }
        if self.is_release_refused() || (self.stage.is_off() && self.amounts.remaining() > 0) {
            self.anomalies.insert(Anomaly::HeldAfterEnd);
        }
    }
}
