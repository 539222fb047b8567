//! Writing down what became of an effect, together with everything that follows from it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::{AttemptResult, EffectClients, Outcome, Performed};
use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::party::BookingId;
use crate::domain::kernel::provider::Provider;
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{Booking, BookingFact, BookingFactKind, Step};
use crate::domain::platform::action::Actor;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal;
use crate::store::company::{AuditEntry, Company};
use crate::store::due::SWEEP;
use crate::store::error::RecordError;
use crate::store::marketplace::booking::{BookingChange, PayoutChange};
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};

/// An event may move the booking at the same moment; a sixth time is no coincidence, and the effect is
/// found again by the sweep.
const TRIES: u32 = 6;

/// Writes down what became of it, under the state and fence it was held with.
pub(super) async fn record_outcome(
    company: &Company,
    subject: Subject,
    held: &Effect,
    result: AttemptResult,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Performed, StoreError> {
    if result.status == EffectStatus::Rejected && refusal::is_refusal(&held.request, &result.reason) {
        tracing::warn!(
            operation = held.action.operation,
            provider = held.request.provider().map(Provider::as_str),
            reason = result.reason,
            "an effect was refused"
        );
    }
    if result.status == EffectStatus::Unknown {
        // An alarm listens to this line: somebody has to look what became of it.
        tracing::warn!(left_in_doubt = 1, reason = result.reason, "an effect may or may not have left");
    }
    let outcome = match subject {
        Subject::Booking(booking_id) if result.concerns_booking(&held.request) => {
            return record_booking_outcome(company, booking_id, held, &result, effect_clients, now).await;
        }
        Subject::Case(case_id) if let Some(days) = granted(held, &result) => {
            record_grant(company, case_id, held, &result, days, now).await
        }
        _ => record_alone(company, subject, held, &result, now).await,
    };
    Ok(outcome?.into())
}

fn granted(held: &Effect, result: &AttemptResult) -> Option<u16> {
    match &held.request {
        Request::Extend { days, .. } if result.status == EffectStatus::Done => Some(*days),
        _ => None,
    }
}

/// The effect's own row: its state, its reason, and when it is looked at again.
fn outcome(
    company: &Company,
    subject: Subject,
    held: &Effect,
    result: &AttemptResult,
    is_refusal_open: bool,
    now: DateTime<Utc>,
) -> Write {
    let mut write = Write::update(company.action_key(subject, &held.action.operation))
        .set("status", text(result.status.as_str()))
        .set("reason", text(&result.reason))
        .expect(Expect::Equals("status", text(held.status.as_str())))
        .expect(Expect::Equals("fence", number(held.fence)));
    write = match result.retry_at {
        Some(at) => write.set("lease_until", text(time::format(next_try(held, result.status, at)))),
        None => write.remove("lease_until").set("ended_at", text(time::format(now))),
    };
    if let Some(key) = &result.new_key {
        write = write.set("downstream_key", text(key));
    }
    // What was certainly never sent has no first time: its key is as fresh as on the first day.
    if result.status == EffectStatus::Prepared {
        write = write.remove("first_sent_at");
    }
    let due_at = result.retry_at.map(|at| next_try(held, result.status, at));
    company.list_effect(write.due(SWEEP, due_at), held, result.status, is_refusal_open)
}

/// Whether the end of an effect is a refusal that a person has to look at. Of a booking's step the booking
/// says so, which may have learnt meanwhile that nothing is left to do.
fn is_refusal_open(held: &Effect, result: &AttemptResult, booking: Option<&Booking>) -> bool {
    if result.status != EffectStatus::Rejected || !refusal::is_refusal(&held.request, &result.reason) {
        return false;
    }
    let version = Step::version_of(&held.action.operation);
    booking.is_none_or(|booking| match refusal::step_of(&held.request) {
        Some(step) => {
            booking.unresolved_refusal(step).is_some_and(|refusal| Some(refusal.version) == version)
        }
        None => booking.payout.is_none() && booking.amounts.payable > 0,
    })
}

/// When it is tried again: a doubt about a transfer does not shorten the claim, within which the call may
/// still be on its way.
fn next_try(held: &Effect, status: EffectStatus, at: DateTime<Utc>) -> DateTime<Utc> {
    let may_be_on_its_way = status == EffectStatus::Sending && matches!(held.request, Request::Transfer(_));
    held.lease_until.filter(|_| may_be_on_its_way).map_or(at, |until| until.max(at))
}

async fn record_alone(
    company: &Company,
    subject: Subject,
    held: &Effect,
    result: &AttemptResult,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let is_open = is_refusal_open(held, result, None);
    let write = outcome(company, subject, held, result, is_open, now);
    if !result.extra_writes.is_empty() {
        let writes = std::iter::once(write).chain(result.extra_writes.iter().cloned()).collect();
        return match company.store().commit(token(held, 0), writes).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => stands(company, subject, held).await,
            Err(error) => Err(error),
        };
    }
    Ok(match company.store().change::<Effect>(write).await? {
        Written::Accepted(effect) => Outcome::Recorded(Box::new(effect)),
        Written::Refused(Some(found)) if found.fence == held.fence && found.status == result.status => {
            Outcome::Recorded(Box::new(found))
        }
        Written::Refused(_) => Outcome::HeldByAnother,
    })
}

async fn record_grant(
    company: &Company,
    case_id: CaseId,
    held: &Effect,
    result: &AttemptResult,
    days: u16,
    now: DateTime<Utc>,
) -> Result<Outcome, StoreError> {
    let write = outcome(company, case_id.into(), held, result, false, now);
    let mut writes = vec![write, company.note_incentive(case_id, days)];
    writes.extend(result.extra_writes.iter().cloned());
    match company.store().commit(token(held, 0), writes).await {
        Ok(()) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error),
    }
    stands(company, case_id.into(), held).await
}

/// The effect's end beside what it means for the booking and the books.
async fn record_booking_outcome(
    company: &Company,
    booking_id: BookingId,
    held: &Effect,
    result: &AttemptResult,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Performed, StoreError> {
    let subject = Subject::Booking(booking_id);
    for attempt in 0..TRIES {
        let read = company.booking(booking_id).await?;
        let change = booking_change(held, result, now);
        let recorded = company.record_booking(read, change, effect_clients.booking_config, now);
        let after = recorded.as_ref().ok().and_then(|recording| recording.after.as_ref());
        let is_open = is_refusal_open(held, result, after);
        let mut writes = vec![outcome(company, subject, held, result, is_open, now)];
        writes.extend(result.extra_writes.iter().cloned());
        if let Some(entry) = transfer_ended(booking_id, held, result, now) {
            writes.push(company.audit(&entry, &format!("{}#{}", held.action.operation, held.fence))?);
        }
        let (mut next, mut booking) = (Vec::new(), None);
        match recorded {
            Ok(recording) => {
                writes.extend(recording.writes);
                writes.extend(company.end_in_batch(
                    held,
                    result.status,
                    &result.reason,
                    recording.after.as_ref(),
                ));
                (next, booking) = (recording.steps, recording.after.map(Box::new));
            }
            Err(RecordError::Store(error)) => return Err(error),
            // The money has moved all the same: the effect keeps that, and reconciliation lists it.
            Err(error) => tracing::error!(%booking_id, %error, "an effect's end was not recorded"),
        }
        match company.store().commit(token(held, attempt), writes).await {
            Ok(()) => {
                let outcome = Outcome::Recorded(Box::new(settled(held, result, is_open, now)));
                return Ok(Performed { outcome, next, booking });
            }
            Err(StoreError::Conflict { refused }) if !refused.contains(&0) => {}
            Err(StoreError::Conflict { .. }) => {
                // Refused by the effect's own row, unless that was only busy: reading it tells.
                let found = company.action(subject, &held.action.operation).await?;
                if found.is_none_or(|found| found.fence != held.fence || found.status != held.status) {
                    break;
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(stands(company, subject, held).await?.into())
}

/// The effect as it stands once its end is written.
fn settled(held: &Effect, result: &AttemptResult, is_refusal_open: bool, now: DateTime<Utc>) -> Effect {
    let mut effect = held.clone();
    effect.status = result.status;
    effect.is_refusal_open = is_refusal_open;
    effect.reason = Some(result.reason.clone());
    effect.lease_until = result.retry_at.map(|at| next_try(held, result.status, at));
    effect.ended_at = result.retry_at.is_none().then_some(now);
    effect
}

/// What the audit log says of a transfer whose outcome has just become known, or is in doubt from now on.
fn transfer_ended(
    booking_id: BookingId,
    held: &Effect,
    result: &AttemptResult,
    now: DateTime<Utc>,
) -> Option<AuditEntry> {
    let word = match (&held.request, result.status) {
        (_, status) if status == held.status => return None,
        (Request::Transfer(_), EffectStatus::Done) => "made",
        (Request::Transfer(_), EffectStatus::Rejected) => "failed",
        (Request::Transfer(_), EffectStatus::Unknown) => "in_doubt",
        _ => return None,
    };
    Some(AuditEntry {
        at: now,
        kind: format!("payout.transfer_{word}"),
        subject: booking_id.to_string(),
        cause: held.action.operation.clone(),
        source: Some((&held.action.actor).into()),
        detail: Some(result.reason.clone()),
    })
}

/// That a step of the booking was refused, where its end says so.
fn refused_step(held: &Effect, result: &AttemptResult) -> Option<BookingFactKind> {
    let is_refused = result.is_refused_step(&held.request);
    let step = refusal::step_of(&held.request).filter(|_| is_refused)?;
    let version = Step::version_of(&held.action.operation)?;
    Some(BookingFactKind::StepRefused { step, version, reason: result.reason.clone() })
}

/// What an effect's end tells about its booking.
fn booking_change(held: &Effect, result: &AttemptResult, now: DateTime<Utc>) -> BookingChange {
    let source = held.action.operation.clone();
    let fact = |what: &BookingFactKind| BookingFact { at: now, what: what.clone(), source: source.clone() };
    let payout = match (&held.request, result.status) {
        (Request::Transfer(_), EffectStatus::Done) => Some(PayoutChange::Settled),
        (Request::Transfer(request), EffectStatus::Rejected) => {
            Some(PayoutChange::Refused { batch: request.metadata.batch_id })
        }
        _ => None,
    };
    // While nobody knows how it ended, what it keeps back stays kept back.
    let unreserved_amount = match &held.request {
        Request::Transfer(request) if payout.is_some() => request.metadata.carried_amount,
        _ => 0,
    };
    let refused = refused_step(held, result);
    BookingChange {
        facts: result.facts.iter().chain(&refused).map(fact).collect(),
        payment_intent: result.opened.clone(),
        payout,
        unreserved_amount,
        cause: held.action.operation.clone(),
        actor: Some(Actor::Schedule),
        source: Some((&held.action.actor).into()),
        ..BookingChange::default()
    }
}

async fn stands(company: &Company, subject: Subject, held: &Effect) -> Result<Outcome, StoreError> {
    let found = company.action(subject, &held.action.operation).await?;
    Ok(found.map_or(Outcome::HeldByAnother, |effect| Outcome::Recorded(Box::new(effect))))
}

/// Names the intent to settle this claim, so that a repetition after a lost answer changes nothing.
/// A further attempt writes over another reading of the booking, and so is another intent; and so is the
/// word of a person on what was left in doubt under the same claim.
fn token(held: &Effect, attempt: u32) -> Uuid {
    let status = held.status.as_str();
    let name = format!("settle:{}:{}:{status}:{attempt}", held.downstream_key, held.fence);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
