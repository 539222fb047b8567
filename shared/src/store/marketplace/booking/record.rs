//! Records changes of a booking, and derives the writes that follow.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::step_request::step_request;
use super::{BookingRow, Contact};
use crate::domain::kernel::party::PaymentIntentId;
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{
    Booking, BookingFact, BookingFactKind, Due, MAX_FACTS, Policy, RefusalDecision, Step,
};
use crate::domain::marketplace::booking_mail::BOOKING_MAIL_VERSION;
use crate::domain::marketplace::ledger::{self, LedgerEntry};
use crate::domain::marketplace::payout::{BatchId, operation as payout_operation};
use crate::domain::platform::action::{Action, Actor, Source};
use crate::domain::platform::effect::Effect;
use crate::domain::platform::refusal::REFUND_RETURNED;
use crate::store::company::{AuditEntry, Company};
use crate::store::error::RecordError;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::marketplace::payee::RESERVED;
use crate::store::write::{Expect, Write, text};

/// The deployment's settings for bookings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BookingConfig {
    pub policy: Policy,
    pub concierge_url: Option<String>,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutChange {
    Started,
    /// It was made, or the share was settled without a transfer.
    Settled,
    /// Stripe finally refused it, or it was never sent: a later batch tries again.
    Refused {
        batch: BatchId,
    },
}

/// The result of recording a change.
#[derive(Debug)]
pub struct BookingRecording {
    /// To be committed in one transaction; empty if nothing changed.
    pub writes: Vec<Write>,
    /// The row after the change.
    pub row: BookingRow,
    pub before: Option<Booking>,
    pub after: Option<Booking>,
    /// The started steps; they can be performed once the writes are committed.
    pub steps: Vec<Effect>,
}

/// The cause as recorded in the audit log.
#[derive(Clone, Copy)]
struct Cause<'a> {
    text: &'a str,
    source: Source,
}

/// The changes of the ledger.
#[derive(Clone, Copy)]
struct Books<'a> {
    entries: &'a [LedgerEntry],
    unreserved_amount: i64,
}

impl Company {
    /// The writes that add `change` to the row that was read; none if all its facts are known.
    pub fn record_booking(
        &self,
        read: BookingRow,
        change: BookingChange,
        booking_config: &BookingConfig,
        now: DateTime<Utc>,
    ) -> Result<BookingRecording, RecordError> {
        let before = read.booking();
        let mut row = read.clone();
        // Set first: it decides which facts belong to the booking's own payment. It moves no money itself.
        row.payment_intent_id = row.payment_intent_id.or(change.payment_intent);
        let mut entries = Vec::new();
        let mut state = row.booking();
        for fact in change.facts {
            if !row.history.add(fact.clone()) {
                continue;
            }
            let next = row.booking();
            entries.extend(ledger_entry(&row, &fact, state.as_ref(), next.as_ref())?);
            state = next;
        }
        if row.history.len() > MAX_FACTS {
            return Err(RecordError::TooManyFacts(MAX_FACTS));
        }
        let returned =
            state.as_ref().filter(|_| change.is_from_stripe).and_then(|it| returned_refund(&row, it));
        let returned = returned.map(|(version, fact)| {
            row.history.add(fact);
            state = row.booking();
            Step::Refund.operation(row.booking_id, version)
        });
        row.contact = row.contact.or(change.contact);
        row.professional_contact = row.professional_contact.or(change.professional_contact);
        match change.payout {
            Some(PayoutChange::Started) => row.payout_in_progress = true,
            Some(PayoutChange::Settled) => row.payout_in_progress = false,
            Some(PayoutChange::Refused { batch }) => {
                row.payout_in_progress = false;
                row.payouts_refused += 1;
                row.payout_refused_in = Some(batch);
            }
            None => {}
        }
        let after = state;
        let actor = change.actor.unwrap_or(Actor::Provider);
        let cause = Cause { text: &change.cause, source: change.source.unwrap_or_else(|| (&actor).into()) };
        let steps = after.as_ref().map_or_else(Vec::new, |booking| {
            let start = |step| start_step(&mut row, booking, step, booking_config, actor.clone(), now);
            Step::ALL.into_iter().filter_map(start).collect()
        });
        let mut recording = BookingRecording { writes: Vec::new(), row, before, after, steps };
        if recording.row == read {
            return Ok(recording);
        }
        recording.row.version += 1;
        let books = Books { entries: &entries, unreserved_amount: change.unreserved_amount };
        self.write_booking(&mut recording, &read, books, cause, booking_config, now)?;
        if let Some(operation) = returned {
            recording.writes.push(self.mark_result_reversed(
                read.booking_id,
                &operation,
                REFUND_RETURNED,
                now,
            ));
        }
        Ok(recording)
    }

    fn write_booking(
        &self,
        recording: &mut BookingRecording,
        read: &BookingRow,
        books: Books<'_>,
        cause: Cause<'_>,
        booking_config: &BookingConfig,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let BookingRecording { writes, row, before, after, steps } = recording;
        writes.push(self.project_booking(row, after.as_ref(), read.version, &booking_config.policy, now)?);
        for effect in steps.iter() {
            writes.push(self.start_step(row.booking_id, effect, now)?);
        }
        let resolved = resolved_refusals(read, before.as_ref(), row, after.as_ref());
        writes.extend(resolved.iter().map(|operation| self.resolve_refusal(row.booking_id, operation, now)));
        for payment_intent in row.payments().difference(&read.payments()) {
            writes.push(self.register_booking(payment_intent.as_str(), row.booking_id)?);
        }
        for entry in books.entries {
            writes.push(self.post(entry, after.as_ref())?);
        }
        if let Some(booking) = after {
            writes.extend(self.count_balances(booking, books));
            let moved = before.as_ref().map(|before| before.status) != Some(booking.status);
            let was_payable = payable_from(read, before.as_ref(), &booking_config.policy).is_some();
            // A dispute may move a booking between two lists while a payout run reads them, so that the run
            // finds it in neither. The professional must therefore stay due.
            if (moved || !was_payable)
                && let Some(from) = payable_from(row, Some(booking), &booking_config.policy)
            {
                writes.push(self.touch_payee(&booking.terms.professional_id, from, now));
            }
            if moved {
                let audit_id = format!("{}#{}", row.booking_id, row.version);
                writes.push(self.audit_listed(&audit_entry(row, booking, cause, now), &audit_id)?);
            }
        }
        Ok(())
    }

    /// The write of a ledger entry, listed in the professional's statement.
    fn post(&self, entry: &LedgerEntry, booking: Option<&Booking>) -> Result<Write, StoreError> {
        let (time, id) = (time::format(entry.at()), entry.id().to_string());
        let key = Key::ledger_entry(&self.company, entry.booking_id(), &time, &id);
        let mut write = Write::put(key, entry)?.expect(Expect::Absent);
        if let Some(booking) = booking {
            let list = keys::statement_list(&self.company, &booking.terms.professional_id);
            write = write.set("list_pk", text(list)).set("list_sk", text(format!("{time}#{id}")));
        }
        Ok(write)
    }

    /// The write of all balances that the entries change; they share one row.
    fn count_balances(&self, booking: &Booking, books: Books<'_>) -> Option<Write> {
        let mut sums: BTreeMap<&'static str, i64> = BTreeMap::from([(RESERVED, -books.unreserved_amount)]);
        for posting in books.entries.iter().flat_map(LedgerEntry::postings) {
            let sum = sums.entry(posting.account.name()).or_default();
            *sum = sum.saturating_add(posting.amount);
        }
        sums.retain(|_, sum| *sum != 0);
        let terms = &booking.terms;
        let key = Key::balance(&self.company, &terms.professional_id, &terms.price.currency);
        let write = Write::update(key);
        (!sums.is_empty())
            .then(|| sums.into_iter().fold(write, |write, (account, sum)| write.count(account, sum)))
    }
}

fn ledger_entry(
    row: &BookingRow,
    fact: &BookingFact,
    before: Option<&Booking>,
    after: Option<&Booking>,
) -> Result<Option<LedgerEntry>, RecordError> {
    // Amounts are capped when facts are read, so that entries balance. An unbalanced entry must not be written.
    let entry = ledger::entry_of(row.booking_id, fact, before, after);
    entry.map_err(|error| RecordError::Books(error.to_string()))
}

/// The effect of a step that the facts require and that was not started yet.
fn start_step(
    row: &mut BookingRow,
    booking: &Booking,
    step: Step,
    booking_config: &BookingConfig,
    actor: Actor,
    now: DateTime<Utc>,
) -> Option<Effect> {
    let begun = row.begun.get(&step).copied().unwrap_or_default();
    // A step is started once, and again for each refusal that a person retries.
    let is_retried = booking
        .refusals
        .get(&step)
        .is_some_and(|refusal| refusal.version == begun && refusal.decision == Some(RefusalDecision::Retry));
    if (begun > 0 && !is_retried) || !booking.wants(step, row.payment_intent_id.as_ref()) {
        return None;
    }
    if step.corrects().is_some_and(|corrected| !row.begun.contains_key(&corrected)) {
        return None;
    }
    let (kind, request) = step_request(row, booking, step, booking_config)?;
    let operation = step.operation(row.booking_id, begun + 1);
    row.begun.insert(step, begun + 1);
    let mut action = Action::plain(operation.clone(), kind, actor, now);
    if step.recipient().is_some() {
        action.template_version = Some(BOOKING_MAIL_VERSION);
    }
    Some(Effect::prepared(action, request, operation))
}

/// The version of a refund that Stripe made and that failed later, with the fact that records the refusal. The
/// money is with us again, and no step would refund it automatically. The fact does not depend on the order of
/// events.
fn returned_refund(row: &BookingRow, booking: &Booking) -> Option<(u32, BookingFact)> {
    let version = *row.begun.get(&Step::Refund)?;
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
    read: &BookingRow,
    before: Option<&Booking>,
    row: &BookingRow,
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
fn payable_from(row: &BookingRow, booking: Option<&Booking>, policy: &Policy) -> Option<DateTime<Utc>> {
    match booking?.next_due(policy)? {
        Due::Payout { at } if !row.payout_in_progress => Some(at),
        _ => None,
    }
}

fn audit_entry(row: &BookingRow, booking: &Booking, cause: Cause<'_>, now: DateTime<Utc>) -> AuditEntry {
    AuditEntry {
        at: now,
        kind: format!("booking.{}", booking.status.as_str()),
        subject: row.booking_id.to_string(),
        cause: cause.text.to_owned(),
        source: Some(cause.source),
        detail: None,
    }
}
