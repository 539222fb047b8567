//! Resolves an effect that a provider finally refused: a person retries it under a new key, or closes it with a
//! note.
//!
//! Before a step that moves money is retried, its payment is read. If the step happened after all, that is
//! recorded instead and no second request is sent.

use chrono::{DateTime, Utc};

use super::payment::intent;
use super::resolve::{ResolveError, stripe_not_reached};
use super::{AttemptResult, EffectClients};
use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind, RefusalDecision, Step};
use crate::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use crate::domain::platform::action::Actor;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal::{self, Retry};
use crate::store::company::AuditEntry;
use crate::store::error::RecordError;
use crate::store::{Company, StoreError, Write};

/// An event may change the booking at the same moment; a fourth conflict has another cause.
const TRIES: u32 = 4;

#[derive(Debug, Clone)]
pub struct RefusalRequest {
    pub decision: RefusalDecision,
    /// The person's reason, for the audit log.
    pub note: Option<String>,
    /// The person, who is also the actor of what follows.
    pub actor: Actor,
    /// Identifies the request, so that repeating it changes nothing.
    pub source: String,
}

/// Resolves a refused effect, audited in the same transaction. Returns the follow-up steps, which are written
/// and not performed yet.
pub async fn resolve_refusal(
    company: &Company,
    subject: Subject,
    read: &Effect,
    request: &RefusalRequest,
    effect_clients: EffectClients<'_>,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, ResolveError> {
    // An effect without a provider cannot be refused.
    let consequence = refusal::consequence(&read.request).ok_or(ResolveError::NotRefused)?;
    let step = consequence.step.zip(Step::version_of(&read.action.operation));
    if request.decision == RefusalDecision::Retry && consequence.retry != Retry::ByOperations {
        return Err(ResolveError::NotRetried(why_not(consequence.retry)));
    }
    match (subject, step) {
        (Subject::Booking(booking_id), Some(step)) => {
            let refused = RefusedStep { company, booking_id, read, step, request };
            refused.decide(effect_clients, ids, now).await
        }
        _ if !read.is_refusal_open => Err(ResolveError::NotRefused),
        _ => {
            let writes = vec![
                company.resolve_open_refusal(subject, &read.action.operation, now),
                company.audit(&audit_entry(subject, read, request, now), &audit_id(read))?,
            ];
            match company.store().commit(ids.next(), writes).await {
                Err(StoreError::Conflict { .. }) => Err(ResolveError::NotRefused),
                committed => Ok(committed.map(|()| Vec::new())?),
            }
        }
    }
}

fn why_not(retry: Retry) -> &'static str {
    match retry {
        Retry::ByOperations => "it is tried again here",
        Retry::OnPayoutDay => "the next payout day tries it again by itself",
        Retry::ByAskingAgain => "it is asked for again by the request that asked for it",
        Retry::Never => "what it was asked for has ended",
    }
}

struct RefusedStep<'a> {
    company: &'a Company,
    booking_id: BookingId,
    read: &'a Effect,
    step: (Step, u32),
    request: &'a RefusalRequest,
}

/// The consequence of a decision about a refused step.
enum Planned {
    Steps(Vec<Effect>),
    /// Stripe had executed the refused step after all; only that is recorded.
    HappenedAlready,
}

impl RefusedStep<'_> {
    async fn decide(
        &self,
        effect_clients: EffectClients<'_>,
        ids: &Ids,
        now: DateTime<Utc>,
    ) -> Result<Vec<Effect>, ResolveError> {
        let store = self.company.store();
        let decided =
            store.retry_on_conflict(ids, TRIES, |_| async move { self.plan(effect_clients, now).await });
        match decided.await? {
            Planned::Steps(steps) => Ok(steps),
            Planned::HappenedAlready => {
                Err(ResolveError::Contradicted("the payment has another status by now".to_owned()))
            }
        }
    }

    /// The writes of the decision, given the booking as it is now.
    async fn plan(
        &self,
        effect_clients: EffectClients<'_>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<Write>, Planned), ResolveError> {
        let (step, version) = self.step;
        let row = self.company.booking(self.booking_id).await?;
        if row.history.facts().any(|fact| fact.source == self.request.source) {
            return Ok((Vec::new(), Planned::Steps(self.load_started_steps(&row).await?)));
        }
        let Some(booking) = row.booking() else { return Err(ResolveError::NotRefused) };
        if booking.unresolved_refusal(step).is_none_or(|refusal| refusal.version != version) {
            return Err(ResolveError::NotRefused);
        }
        let decision = self.request.decision;
        let found = match decision {
            RefusalDecision::Retry => self.look_up(effect_clients, now).await?,
            RefusalDecision::Close => None,
        };
        let at = now.max(booking.stage_at);
        let fact = |what| BookingFact { at, what, source: self.request.source.clone() };
        let has_happened = found.is_some();
        let facts: Vec<BookingFact> = match found {
            Some(result) => result.facts.into_iter().map(fact).collect(),
            None => vec![fact(BookingFactKind::RefusalResolved { step, version, decision })],
        };
        let actor = self.request.actor.clone();
        let cause = actor.id().to_owned();
        let change = BookingChange { facts, cause, actor: Some(actor), ..BookingChange::default() };
        let recorded = self.company.record_booking(row, change, effect_clients.booking_config, now);
        let recording = recorded.map_err(|error| match error {
            RecordError::Store(error) => error.into(),
            error => ResolveError::Contradicted(error.to_string()),
        })?;
        let is_retry = !has_happened && decision == RefusalDecision::Retry;
        let retried = step.operation(self.booking_id, version + 1);
        if is_retry && !recording.steps.iter().any(|effect| effect.action.operation == retried) {
            return Err(ResolveError::NotRetried("the booking does not ask for it as it is now"));
        }
        let mut writes: Vec<Write> = recording.writes;
        let audit_entry = audit_entry(self.booking_id.into(), self.read, self.request, now);
        writes.push(self.company.audit(&audit_entry, &audit_id(self.read))?);
        let planned = if has_happened { Planned::HappenedAlready } else { Planned::Steps(recording.steps) };
        Ok((writes, planned))
    }

    /// Reads the payment; `Some` if the step happened after all, so that it need not be retried.
    async fn look_up(
        &self,
        effect_clients: EffectClients<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<AttemptResult>, ResolveError> {
        let (Request::Capture { payment_intent }
        | Request::Release { payment_intent, .. }
        | Request::Refund { payment_intent }) = &self.read.request
        else {
            return Ok(None);
        };
        let stripe = effect_clients.stripe.ok_or(ResolveError::StripeNotConfigured)?;
        // The tries of the refused effect must not count against this look-up.
        let untried = Effect { tries: 0, ..self.read.clone() };
        match intent::look_up(&untried, stripe, payment_intent, false, now).await {
            Some(result) if result.retry_at.is_some() => Err(stripe_not_reached()),
            Some(result) if result.facts.is_empty() => Err(ResolveError::Contradicted(result.reason)),
            found => Ok(found),
        }
    }

    /// Loads the steps that an earlier attempt of the same request started.
    async fn load_started_steps(&self, row: &BookingRecord) -> Result<Vec<Effect>, ResolveError> {
        let mut started = Vec::new();
        for (step, version) in &row.started_steps {
            let operation = step.operation(self.booking_id, *version);
            let effect = self.company.action(self.booking_id, &operation).await?;
            started.extend(effect.filter(|effect| !effect.status.is_final()));
        }
        Ok(started)
    }
}

fn audit_entry(subject: Subject, read: &Effect, request: &RefusalRequest, now: DateTime<Utc>) -> AuditEntry {
    let decision = match request.decision {
        RefusalDecision::Retry => "tried again",
        RefusalDecision::Close => "closed",
    };
    let note = request.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    AuditEntry {
        at: now,
        kind: "effect.refusal_resolved".to_owned(),
        subject: subject.to_string(),
        cause: request.actor.id().to_owned(),
        source: None,
        detail: Some(format!("{} {decision}{note}", read.action.operation)),
    }
}

/// The id of the audit entry: one for each refused effect.
fn audit_id(read: &Effect) -> String {
    format!("{}#{}#{}", read.action.operation, read.fence, EffectStatus::Rejected.as_str())
}
