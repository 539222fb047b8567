//! Records the outcome of an effect in one transaction with everything that follows from it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::log::log_outcome;
use super::{AttemptResult, EffectClients, Outcome, Performed};
use crate::domain::kernel::id::CaseId;
use crate::domain::kernel::party::BookingId;
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{Booking, BookingFact, BookingFactKind, Step};
use crate::domain::marketplace::booking_record::{BookingChange, PayoutChange};
use crate::domain::marketplace::payout::TransferRefusal;
use crate::domain::platform::action::Actor;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal;
use crate::store::company::{AuditEntry, Company};
use crate::store::due::SWEEP;
use crate::store::error::RecordError;
use crate::store::retry::retry;
use crate::store::write::{Expect, number, text};
use crate::store::{StoreError, Write, Written};

/// An event may change the booking at the same moment. A sixth conflict has another cause, and the sweep finds
/// the effect again.
const TRIES: u32 = 6;

/// Records the outcome, on condition that the effect still has the status and fencing token of the claim.
pub(super) async fn record_outcome(
    company: &Company,
    subject: Subject,
    held: &Effect,
    result: AttemptResult,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Performed, StoreError> {
    let performed = match subject {
        Subject::Booking(booking_id) if result.concerns_booking(&held.request) => {
            record_booking_outcome(company, booking_id, held, &result, effect_clients, now).await?
        }
        Subject::Case(case_id) if let Some(days) = granted(held, &result) => {
            record_grant(company, case_id, held, &result, days, now).await?.into()
        }
        _ => record_alone(company, subject, held, &result, now).await?.into(),
    };
    if let Outcome::Recorded(effect) = &performed.outcome {
        log_outcome(company, subject, effect);
    }
    Ok(performed)
}

fn granted(held: &Effect, result: &AttemptResult) -> Option<u16> {
    match &held.request {
        Request::Extend { days, .. } if result.status == EffectStatus::Done => Some(*days),
        _ => None,
    }
}

/// The write of the effect's own row: its status, its reason, and the time of its next try.
fn outcome_write(
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
    // An effect that was certainly never sent has no first sending time: its key has not started to age.
    if result.status == EffectStatus::Prepared {
        write = write.remove("first_sent_at");
    }
    let due_at = result.retry_at.map(|at| next_try(held, result.status, at));
    company.list_effect(write.due(SWEEP, due_at), held, result.status, is_refusal_open)
}

/// Whether the outcome is a refusal that a person has to resolve. For a step of a booking the booking decides,
/// because it may have recorded meanwhile that the step is not needed any more.
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

/// The time of the next try. A transfer in doubt keeps its whole lease, because the call may still be in
/// flight within it.
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
    let write = outcome_write(company, subject, held, result, is_open, now);
    if !result.extra_writes.is_empty() {
        let writes = std::iter::once(write).chain(result.extra_writes.iter().cloned()).collect();
        return match company.store().commit(commit_token(held, 0), writes).await {
            Ok(()) | Err(StoreError::Conflict { .. }) => load_outcome(company, subject, held).await,
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
    let write = outcome_write(company, case_id.into(), held, result, false, now);
    let mut writes = vec![write, company.record_incentive(case_id, days)];
    writes.extend(result.extra_writes.iter().cloned());
    match company.store().commit(commit_token(held, 0), writes).await {
        Ok(()) | Err(StoreError::Conflict { .. }) => {}
        Err(error) => return Err(error),
    }
    load_outcome(company, case_id.into(), held).await
}

/// Records the outcome together with the booking's facts and the ledger entries.
async fn record_booking_outcome(
    company: &Company,
    booking_id: BookingId,
    held: &Effect,
    result: &AttemptResult,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Performed, StoreError> {
    let recorded = retry(TRIES, |attempt| async move {
        let (writes, performed) =
            plan_booking_outcome(company, booking_id, held, result, effect_clients, now).await?;
        match company.store().commit(commit_token(held, attempt), writes).await {
            Ok(()) => Ok(Some(performed)),
            Err(StoreError::Conflict { refused }) if refused.contains(&0) => {
                // The effect's own row refused the write. Read it to tell a changed row from a busy one.
                let found = company.action(booking_id, &held.action.operation).await?;
                let is_held =
                    found.is_some_and(|found| found.fence == held.fence && found.status == held.status);
                if is_held { Err(StoreError::Conflict { refused }) } else { Ok(None) }
            }
            Err(error) => Err(error),
        }
    });
    match recorded.await {
        Ok(Some(performed)) => Ok(performed),
        Ok(None) | Err(StoreError::Conflict { .. }) => {
            Ok(load_outcome(company, booking_id.into(), held).await?.into())
        }
        Err(error) => Err(error),
    }
}

/// The writes of an outcome, the effect's own row first, and what follows from it, given the booking as it is now.
async fn plan_booking_outcome(
    company: &Company,
    booking_id: BookingId,
    held: &Effect,
    result: &AttemptResult,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<(Vec<Write>, Performed), StoreError> {
    let read = company.booking(booking_id).await?;
    let change = booking_change(held, result, now);
    let recorded = company.record_booking(read, change, effect_clients.booking_config, now);
    let after = recorded.as_ref().ok().and_then(|recording| recording.after.as_ref());
    let is_open = is_refusal_open(held, result, after);
    let mut writes = vec![outcome_write(company, booking_id.into(), held, result, is_open, now)];
    writes.extend(result.extra_writes.iter().cloned());
    if let Some(entry) = transfer_ended(booking_id, held, result, now) {
        writes.push(company.audit(&entry, &format!("{}#{}", held.action.operation, held.fence))?);
    }
    let outcome = Outcome::Recorded(Box::new(with_result(held, result, is_open, now)));
    let mut performed = Performed::from(outcome);
    match recorded {
        Ok(recording) => {
            let after = recording.after;
            writes.extend(recording.writes);
            writes.extend(company.record_transfer_end(held, result.status, &result.reason, after.as_ref()));
            (performed.next, performed.booking) = (recording.steps, after.map(Box::new));
        }
        Err(RecordError::Store(error)) => return Err(error),
        // The money has moved nevertheless: the effect records that, and reconciliation reports the difference.
        Err(error) => tracing::error!(%booking_id, %error, "an effect's end was not recorded"),
    }
    Ok((writes, performed))
}

/// The effect as its row is after the write.
fn with_result(held: &Effect, result: &AttemptResult, is_refusal_open: bool, now: DateTime<Utc>) -> Effect {
    let mut effect = held.clone();
    effect.status = result.status;
    effect.is_refusal_open = is_refusal_open;
    effect.reason = Some(result.reason.clone());
    effect.lease_until = result.retry_at.map(|at| next_try(held, result.status, at));
    effect.ended_at = result.retry_at.is_none().then_some(now);
    effect
}

/// The audit entry of a transfer whose outcome has just become known or has just become doubtful.
fn transfer_ended(
    booking_id: BookingId,
    held: &Effect,
    result: &AttemptResult,
    now: DateTime<Utc>,
) -> Option<AuditEntry> {
    let outcome_name = match (&held.request, result.status) {
        (_, status) if status == held.status => return None,
        (Request::Transfer(_), EffectStatus::Done) => "made",
        (Request::Transfer(_), EffectStatus::Rejected) => "failed",
        (Request::Transfer(_), EffectStatus::Unknown) => "in_doubt",
        _ => return None,
    };
    Some(AuditEntry {
        at: now,
        kind: format!("payout.transfer_{outcome_name}"),
        subject: booking_id.to_string(),
        cause: held.action.operation.clone(),
        source: Some((&held.action.actor).into()),
        detail: Some(result.reason.clone()),
    })
}

/// The fact that a step of the booking was refused, if the result is a refusal.
fn refused_step(held: &Effect, result: &AttemptResult) -> Option<BookingFactKind> {
    let is_refused = result.is_refused_step(&held.request);
    let step = refusal::step_of(&held.request).filter(|_| is_refused)?;
    let version = Step::version_of(&held.action.operation)?;
    Some(BookingFactKind::StepRefused { step, version, reason: result.reason.clone() })
}

/// The change of the booking that the result implies.
fn booking_change(held: &Effect, result: &AttemptResult, now: DateTime<Utc>) -> BookingChange {
    let source = held.action.operation.clone();
    let fact = |what: &BookingFactKind| BookingFact { at: now, what: what.clone(), source: source.clone() };
    let payout = match (&held.request, result.status) {
        (Request::Transfer(_), EffectStatus::Done) => Some(PayoutChange::Settled),
        (Request::Transfer(request), EffectStatus::Rejected) => {
            let (batch, code) = (request.metadata.batch_id, result.reason.clone());
            Some(PayoutChange::Refused(TransferRefusal { batch, code, at: now }))
        }
        _ => None,
    };
    // While the outcome is unknown, the withheld amount stays reserved.
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

async fn load_outcome(company: &Company, subject: Subject, held: &Effect) -> Result<Outcome, StoreError> {
    let found = company.action(subject, &held.action.operation).await?;
    Ok(found.map_or(Outcome::HeldByAnother, |effect| Outcome::Recorded(Box::new(effect))))
}

/// The idempotency token of the transaction that records this claim's outcome: repeating it after a lost
/// response changes nothing. A further attempt builds on another version of the booking and so needs another
/// token; so does a person's statement about an effect left in doubt under the same claim.
fn commit_token(held: &Effect, attempt: u32) -> Uuid {
    let status = held.status.as_str();
    let name = format!("outcome:{}:{}:{status}:{attempt}", held.downstream_key, held.fence);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}
