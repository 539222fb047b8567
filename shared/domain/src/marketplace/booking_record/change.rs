//! Applies a change to a booking: its new facts, the ledger entries of their money, and the steps that follow.

use chrono::{DateTime, Utc};

use super::step_request::step_request;
use super::{BookingConfig, BookingRecord, Contact};
use crate::kernel::party::PaymentIntentId;
use crate::marketplace::booking::{
    Booking, BookingFact, BookingFactKind, Due, MAX_FACTS, Policy, RefusalDecision, Step,
};
use crate::marketplace::booking_mail::BOOKING_MAIL_VERSION;
use crate::marketplace::ledger::{self, LedgerEntry};
use crate::marketplace::payout::{TransferRefusal, operation as payout_operation};
use crate::platform::action::{Action, Actor, Source};
use crate::platform::effect::Effect;
use crate::platform::refusal::REFUND_RETURNED;

#[derive(Debug, Clone, Default)]
pub struct BookingChange {
    pub facts: Vec<BookingFact>,
    /// The payment that was created for the booking.
    pub payment_intent: Option<PaymentIntentId>,
    pub contact: Option<Contact>,
    pub professional_contact: Option<Contact>,
    /// Whether Stripe reported the facts, in an event or a balance line: they may reverse a completed step.
    pub is_from_stripe: bool,
    pub payout: Option<PayoutChange>,
    /// The withheld amount that an ended transfer no longer reserves, in minor units.
    pub unreserved_amount: i64,
    /// The cause for the audit log: an event id, an account, a schedule.
    pub cause: String,
    /// The actor of the follow-up steps.
    pub actor: Option<Actor>,
    /// The kind of originator for the audit log, if it differs from the actor's.
    pub source: Option<Source>,
}

/// A change of a booking's transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayoutChange {
    Started,
    /// It was made, or the share was settled without a transfer.
    Settled,
    /// Stripe finally refused it, or it was never sent: its code decides when it is tried again.
    Refused(TransferRefusal),
}

/// Why a change cannot be recorded.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// More facts than a genuine booking ever has; with the maximum.
    #[error("more than {0} facts")]
    TooManyFacts(usize),
    /// A ledger entry does not balance; recording it would falsify the ledger.
    #[error("the books: {0}")]
    Unbalanced(String),
}

/// A booking after a change, and everything that follows from it.
#[derive(Debug)]
pub struct AppliedChange {
    pub row: BookingRecord,
    pub before: Option<Booking>,
    pub after: Option<Booking>,
    pub entries: Vec<LedgerEntry>,
    pub steps: Vec<Effect>,
    /// The operations whose refusal the change resolves.
    pub resolved: Vec<String>,
    /// The operation of a refund that Stripe had made and that failed later.
    pub returned_refund: Option<String>,
    /// The withheld amount that an ended transfer no longer reserves, in minor units.
    pub unreserved_amount: i64,
    /// The time from which the professional is due, if the change makes the share payable.
    pub payee_due_from: Option<DateTime<Utc>>,
}

impl AppliedChange {
    /// Whether the booking has another status than before.
    pub fn changes_status(&self) -> bool {
        let status = |booking: &Option<Booking>| booking.as_ref().map(|booking| booking.status);
        self.after.is_some() && status(&self.before) != status(&self.after)
    }
}

impl BookingRecord {
    /// The booking with the change; equal to this one if all its facts are known.
    pub fn apply(
        &self,
        change: BookingChange,
        config: &BookingConfig,
        now: DateTime<Utc>,
    ) -> Result<AppliedChange, ChangeError> {
        let before = self.booking();
        let mut row = self.clone();
        // Set first: it decides which facts belong to the booking's own payment. It moves no money itself.
        row.payment_intent_id = row.payment_intent_id.or(change.payment_intent);
        let mut entries = Vec::new();
        let mut state = row.booking();
        for fact in change.facts {
            if !row.history.add(fact.clone()) {
                continue;
            }
            let next = row.booking();
            // Amounts are capped when facts are read, so that entries balance.
            let entry = ledger::entry_of(row.booking_id, &fact, state.as_ref(), next.as_ref());
            entries.extend(entry.map_err(|error| ChangeError::Unbalanced(error.to_string()))?);
            state = next;
        }
        if row.history.len() > MAX_FACTS {
            return Err(ChangeError::TooManyFacts(MAX_FACTS));
        }
        let returned =
            state.as_ref().filter(|_| change.is_from_stripe).and_then(|it| returned_refund(&row, it));
        let returned_refund = returned.map(|(version, fact)| {
            row.history.add(fact);
            state = row.booking();
            Step::Refund.operation(row.booking_id, version)
        });
        row.contact = row.contact.or(change.contact);
        row.professional_contact = row.professional_contact.or(change.professional_contact);
        row.change_payout(change.payout);
        let actor = change.actor.unwrap_or(Actor::Provider);
        let steps = state.as_ref().map_or_else(Vec::new, |booking| {
            let start = |step| start_step(&mut row, booking, step, config, actor.clone(), now);
            Step::ALL.into_iter().filter_map(start).collect()
        });
        if row != *self {
            row.version += 1;
        }
        let resolved = resolved_refusals(self, before.as_ref(), &row, state.as_ref());
        let mut applied = AppliedChange {
            row,
            before,
            after: state,
            entries,
            steps,
            resolved,
            returned_refund,
            unreserved_amount: change.unreserved_amount,
            payee_due_from: None,
        };
        applied.payee_due_from = payee_due_from(self, &applied, &config.policy);
        Ok(applied)
    }

    fn change_payout(&mut self, change: Option<PayoutChange>) {
        match change {
            Some(PayoutChange::Started) => self.payout_in_progress = true,
            Some(PayoutChange::Settled) => self.payout_in_progress = false,
            Some(PayoutChange::Refused(refusal)) => {
                self.payout_in_progress = false;
                self.payouts_refused += 1;
                self.payout_refused_in = Some(refusal.batch);
                self.payout_refusal = Some(refusal);
            }
            None => {}
        }
    }
}

/// A dispute may move a booking between two lists while a payout run reads them, so that the run finds it in
/// neither. The professional must therefore stay due.
fn payee_due_from(read: &BookingRecord, applied: &AppliedChange, policy: &Policy) -> Option<DateTime<Utc>> {
    let was_payable = payable_from(read, applied.before.as_ref(), policy).is_some();
    let from = payable_from(&applied.row, applied.after.as_ref(), policy)?;
    (applied.changes_status() || !was_payable).then_some(from)
}

/// The effect of a step that the facts require and that was not started yet.
fn start_step(
    row: &mut BookingRecord,
    booking: &Booking,
    step: Step,
    config: &BookingConfig,
    actor: Actor,
    now: DateTime<Utc>,
) -> Option<Effect> {
    let started = row.started_steps.get(&step).copied().unwrap_or_default();
    // A step is started once, and again for each refusal that a person retries.
    let is_retried = booking.refusals.get(&step).is_some_and(|refusal| {
        refusal.version == started && refusal.decision == Some(RefusalDecision::Retry)
    });
    if (started > 0 && !is_retried) || !booking.wants(step, row.payment_intent_id.as_ref()) {
        return None;
    }
    if step.corrects().is_some_and(|corrected| !row.started_steps.contains_key(&corrected)) {
        return None;
    }
    let (kind, request) = step_request(row, booking, step, config)?;
    let operation = step.operation(row.booking_id, started + 1);
    row.started_steps.insert(step, started + 1);
    let mut action = Action::plain(operation.clone(), kind, actor, now);
    if step.recipient().is_some() {
        action.template_version = Some(BOOKING_MAIL_VERSION);
    }
    Some(Effect::prepared(action, request, operation))
}

/// The version of a refund that Stripe made and that failed later, with the fact that records the refusal. The
/// money is with us again, and no step would refund it automatically. The fact does not depend on the order of
/// events.
fn returned_refund(row: &BookingRecord, booking: &Booking) -> Option<(u32, BookingFact)> {
    let version = *row.started_steps.get(&Step::Refund)?;
    let is_known = booking.refusals.get(&Step::Refund).is_some_and(|refusal| refusal.version >= version);
    let waits = booking.stage.is_off() && booking.amounts.remaining() > 0;
    let at = booking.refund_returned_at.filter(|_| waits && !is_known)?;
    let reason = REFUND_RETURNED.to_owned();
    let what = BookingFactKind::StepRefused { step: Step::Refund, version, reason };
    Some((version, BookingFact { at, what, source: Step::Refund.operation(row.booking_id, version) }))
}

/// The operations whose refusal this change resolves, by a person's decision or because later facts make it
/// irrelevant. A refused transfer is resolved by the next transfer, or when nothing is left to transfer.
fn resolved_refusals(
    read: &BookingRecord,
    before: Option<&Booking>,
    row: &BookingRecord,
    after: Option<&Booking>,
) -> Vec<String> {
    let Some((before, after)) = before.zip(after) else { return Vec::new() };
    let is_still_open = |step: Step, version: u32| {
        after.unresolved_refusal(step).is_some_and(|refusal| refusal.version == version)
    };
    let steps = before.unresolved_refusals().filter(|(step, refusal)| !is_still_open(*step, refusal.version));
    let mut resolved: Vec<String> =
        steps.map(|(step, refusal)| step.operation(row.booking_id, refusal.version)).collect();
    let is_begun = row.payout_in_progress && !read.payout_in_progress;
    let is_settled = !read.payout_in_progress && before.payout.is_none() && after.payout.is_some();
    let is_nothing_left = before.amounts.payable > 0 && after.amounts.payable <= 0;
    if read.payouts_refused > 0 && (is_begun || is_settled || is_nothing_left) {
        resolved.push(payout_operation(row.booking_id, read.payouts_refused));
    }
    resolved
}

/// The time from which the share may be settled, if only time is missing.
fn payable_from(row: &BookingRecord, booking: Option<&Booking>, policy: &Policy) -> Option<DateTime<Utc>> {
    match booking?.next_due(policy)? {
        Due::Payout { at } if !row.payout_in_progress => Some(at),
        _ => None,
    }
}
