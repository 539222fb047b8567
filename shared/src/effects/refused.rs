//! What a provider refused for good, resolved by a person: tried again under a new key, or closed with a note.
//!
//! Before a step that moves money is tried again, its payment is read: what happened after all is recorded
//! instead, and nothing is asked for twice.

use chrono::{DateTime, Utc};

use super::payment::intent;
use super::resolve::{Unresolved, unasked};
use super::{AttemptResult, EffectClients};
use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind, RefusalDecision, Step};
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::domain::platform::refusal::{self, Retry};
use crate::store::company::AuditEntry;
use crate::store::error::RecordError;
use crate::store::marketplace::booking::{BookingChange, BookingRow};
use crate::store::{Company, StoreError, Write};

/// An event may move the booking at the same moment; a fourth time is no coincidence.
const TRIES: u32 = 4;

/// What a person decides about a refused effect.
#[derive(Debug, Clone)]
pub struct RefusalRequest {
    /// Tried again, or closed.
    pub decision: RefusalDecision,
    /// Why, in the person's words: for the audit log.
    pub note: Option<String>,
    /// The account of the person.
    pub account: String,
    /// Names the request, so that the same request again changes nothing.
    pub source: String,
}

/// Resolves a refused effect, audited in the same transaction; the steps that follow, which are written and
/// not performed yet.
pub async fn resolve_refusal(
    company: &Company,
    subject: Subject,
    read: &Effect,
    order: &RefusalRequest,
    effect_clients: EffectClients<'_>,
    ids: &Ids,
    now: DateTime<Utc>,
) -> Result<Vec<Effect>, Unresolved> {
    // Of what never leaves nothing is refused.
    let consequence = refusal::consequence(&read.request).ok_or(Unresolved::NotRefused)?;
    let step = consequence.step.zip(Step::version_of(&read.action.operation));
    if order.decision == RefusalDecision::Retry && consequence.retry != Retry::ByOperations {
        return Err(Unresolved::NotRetried(why_not(consequence.retry)));
    }
    match (subject, step) {
        (Subject::Booking(booking_id), Some(step)) => {
            let refused = Refused { company, booking_id, read, step, order };
            refused.decide(effect_clients, ids, now).await
        }
        _ if !read.is_refusal_open => Err(Unresolved::NotRefused),
        _ => {
            let writes = vec![
                company.resolve_open_refusal(subject, &read.action.operation, now),
                company.audit(&entry(subject, read, order, now), &unique(read))?,
            ];
            match company.store().commit(ids.next(), writes).await {
                Err(StoreError::Conflict { .. }) => Err(Unresolved::NotRefused),
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

/// A refused step of a booking.
struct Refused<'a> {
    company: &'a Company,
    booking_id: BookingId,
    read: &'a Effect,
    step: (Step, u32),
    order: &'a RefusalRequest,
}

impl Refused<'_> {
    async fn decide(
        &self,
        effect_clients: EffectClients<'_>,
        ids: &Ids,
        now: DateTime<Utc>,
    ) -> Result<Vec<Effect>, Unresolved> {
        let (step, version) = self.step;
        for _ in 0..TRIES {
            let row = self.company.booking(self.booking_id).await?;
            if row.history.facts().any(|fact| fact.source == self.order.source) {
                return self.begun(&row).await;
            }
            let Some(booking) = row.booking() else { return Err(Unresolved::NotRefused) };
            if booking.unresolved_refusal(step).is_none_or(|refusal| refusal.version != version) {
                return Err(Unresolved::NotRefused);
            }
            let looked = match self.order.decision {
                RefusalDecision::Retry => self.look(effect_clients, now).await?,
                RefusalDecision::Close => None,
            };
            let at = now.max(booking.stage_at);
            let fact = |what| BookingFact { at, what, source: self.order.source.clone() };
            let has_happened = looked.is_some();
            let facts: Vec<BookingFact> = match looked {
                Some(result) => result.facts.into_iter().map(fact).collect(),
                None => {
                    let decision = self.order.decision;
                    vec![fact(BookingFactKind::RefusalResolved { step, version, decision })]
                }
            };
            let is_retry = !has_happened && self.order.decision == RefusalDecision::Retry;
            let cause = self.order.account.clone();
            let change = BookingChange { facts, cause, ..BookingChange::default() };
            let recording = match self.company.record_booking(row, change, effect_clients.booking_config, now)
            {
                Ok(recording) => recording,
                Err(RecordError::Store(error)) => return Err(error.into()),
                Err(error) => return Err(Unresolved::Contradicted(error.to_string())),
            };
            let retried = step.operation(self.booking_id, version + 1);
            if is_retry && !recording.steps.iter().any(|effect| effect.action.operation == retried) {
                return Err(Unresolved::NotRetried("the booking does not ask for it as it is now"));
            }
            let mut writes: Vec<Write> = recording.writes;
            let entry = entry(self.booking_id.into(), self.read, self.order, now);
            writes.push(self.company.audit(&entry, &unique(self.read))?);
            match self.company.store().commit(ids.next(), writes).await {
                Ok(()) if has_happened => {
                    return Err(Unresolved::Contradicted("the payment stands otherwise by now".to_owned()));
                }
                Ok(()) => return Ok(recording.steps),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let refused = vec![];
        Err(StoreError::Conflict { refused }.into())
    }

    /// What the payment says, where it says that there is nothing to try again.
    async fn look(
        &self,
        effect_clients: EffectClients<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<AttemptResult>, Unresolved> {
        let (Request::Capture { payment_intent }
        | Request::Release { payment_intent, .. }
        | Request::Refund { payment_intent }) = &self.read.request
        else {
            return Ok(None);
        };
        let stripe = effect_clients.stripe.ok_or_else(unasked)?;
        // How often the refused effect was tried says nothing about this look: one that fails is not given up.
        let asked = Effect { tries: 0, ..self.read.clone() };
        match intent::look(&asked, stripe, payment_intent, false, now).await {
            Some(result) if result.retry_at.is_some() => Err(unasked()),
            Some(result) if result.facts.is_empty() => Err(Unresolved::Contradicted(result.reason)),
            looked => Ok(looked),
        }
    }

    /// The steps that an earlier try of the same request began.
    async fn begun(&self, row: &BookingRow) -> Result<Vec<Effect>, Unresolved> {
        let mut begun = Vec::new();
        for (step, version) in &row.begun {
            let operation = step.operation(self.booking_id, *version);
            let effect = self.company.action(self.booking_id, &operation).await?;
            begun.extend(effect.filter(|effect| !effect.status.is_final()));
        }
        Ok(begun)
    }
}

fn entry(subject: Subject, read: &Effect, order: &RefusalRequest, now: DateTime<Utc>) -> AuditEntry {
    let decision = match order.decision {
        RefusalDecision::Retry => "tried again",
        RefusalDecision::Close => "closed",
    };
    let note = order.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    AuditEntry {
        at: now,
        kind: "effect.refusal_resolved".to_owned(),
        subject: subject.to_string(),
        cause: order.account.clone(),
        source: None,
        detail: Some(format!("{} {decision}{note}", read.action.operation)),
    }
}

/// One entry for each refused effect.
fn unique(read: &Effect) -> String {
    format!("{}#{}#{}", read.action.operation, read.fence, EffectStatus::Rejected.as_str())
}
