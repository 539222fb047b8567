//! What is in doubt, resolved by a person.
//!
//! The word of a person is held against what can be read: a transfer is named and looked at, a payment
//! is asked how it stands. Only where nothing can be read, as of a message, the word alone decides.

use chrono::{DateTime, Utc};

use super::payment::{intent, transfer};
use super::record_outcome::record_outcome;
use super::{AttemptResult, EffectClients, Outcome};
use crate::domain::kernel::provider::Provider;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::providers::call::{CallError, ProviderError};
use crate::store::company::AuditEntry;
use crate::store::{Company, StoreError};

/// What a person says of an effect in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It happened; of a transfer, which one it is.
    Happened {
        /// The provider's id of it.
        reference: Option<String>,
    },
    /// It did not happen, and will not: a share may be transferred anew.
    DidNotHappen,
}

/// Why an effect cannot be resolved that way.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// Its outcome is known, or still being found out.
    #[error("only an effect in doubt can be resolved")]
    NotInDoubt,
    /// It was not refused, or that is resolved already.
    #[error("only an effect that was refused can be tried again or closed")]
    NotRefused,
    /// It is tried again elsewhere.
    #[error("it cannot be tried again here: {0}")]
    NotRetried(&'static str),
    /// A transfer without its id.
    #[error("name the transfer that was made")]
    ReferenceMissing,
    /// What can be read says otherwise.
    #[error("the provider says otherwise: {0}")]
    Contradicted(String),
    /// The provider cannot be asked.
    #[error("the provider cannot be asked: {0}")]
    Unasked(ProviderError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Resolves an effect in doubt, audited in the same transaction.
pub async fn resolve(
    company: &Company,
    subject: Subject,
    read: &Effect,
    resolution: &Resolution,
    account: &str,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<Effect, Unresolved> {
    if read.status != EffectStatus::Unknown {
        return Err(Unresolved::NotInDoubt);
    }
    let mut result = match &read.request {
        Request::Transfer(_) => of_transfer(read, resolution, effect_clients, now).await?,
        Request::Capture { .. } | Request::Release { .. } | Request::Refund { .. } => {
            of_payment(read, resolution, effect_clients, now).await?
        }
        _ => by_word(resolution),
    };
    let entry = AuditEntry {
        at: now,
        kind: "effect.resolved".to_owned(),
        subject: subject.to_string(),
        cause: account.to_owned(),
        source: None,
        detail: Some(format!("{}: {}", read.action.operation, result.status.as_str())),
    };
    result.extra_writes.push(company.audit(&entry, &format!("{}#{}", read.action.operation, read.fence))?);
    match record_outcome(company, subject, read, result, effect_clients, now).await?.outcome {
        Outcome::Recorded(effect) => Ok(*effect),
        Outcome::HeldByAnother => Err(Unresolved::NotInDoubt),
    }
}

fn by_word(resolution: &Resolution) -> AttemptResult {
    match resolution {
        Resolution::Happened { .. } => AttemptResult::ends(EffectStatus::Done, "resolved_by_hand"),
        Resolution::DidNotHappen => AttemptResult::ends(EffectStatus::Rejected, "resolved_by_hand"),
    }
}

async fn of_transfer(
    read: &Effect,
    resolution: &Resolution,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<AttemptResult, Unresolved> {
    let (Request::Transfer(request), Some(stripe)) = (&read.request, effect_clients.stripe) else {
        return Err(unasked());
    };
    match resolution {
        Resolution::Happened { reference } => {
            let id = reference.as_deref().ok_or(Unresolved::ReferenceMissing)?;
            let found = match stripe.transfer(id).await {
                Ok(found) => found,
                Err(CallError::Absent) => {
                    return Err(Unresolved::Contradicted("no such transfer".to_owned()));
                }
                Err(error) => return Err(Unresolved::Unasked(error.of(Provider::Stripe))),
            };
            let booking_id = request.metadata.booking_id.to_string();
            if found.metadata.get("booking_id") != Some(&booking_id) {
                return Err(Unresolved::Contradicted("the transfer is of another booking".to_owned()));
            }
            let other = |_| Unresolved::Contradicted("the transfer is of another amount".to_owned());
            transfer::done(request, &found).map_err(other)
        }
        Resolution::DidNotHappen => {
            if !transfer::is_long_over(read, now) {
                let early = "a call of the last 24 hours may still be carried out".to_owned();
                return Err(Unresolved::Contradicted(early));
            }
            let found = transfer::look(read, request, stripe, "resolved_by_hand", true, now).await;
            match found.status {
                EffectStatus::Rejected => Ok(found),
                EffectStatus::Sending => Err(unasked()),
                _ => Err(Unresolved::Contradicted("the booking has a transfer".to_owned())),
            }
        }
    }
}

async fn of_payment(
    read: &Effect,
    resolution: &Resolution,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<AttemptResult, Unresolved> {
    let (Request::Capture { payment_intent }
    | Request::Release { payment_intent, .. }
    | Request::Refund { payment_intent }) = &read.request
    else {
        return Err(unasked());
    };
    let stripe = effect_clients.stripe.ok_or_else(unasked)?;
    let looked = intent::look(read, stripe, payment_intent, true, now).await;
    let happened = matches!(resolution, Resolution::Happened { .. });
    match looked {
        Some(result) if result.retry_at.is_some() => Err(unasked()),
        // The payment is not there: what nobody can find did not happen.
        Some(result) if result.status == EffectStatus::Unknown && !happened => Ok(by_word(resolution)),
        Some(result) if (result.status == EffectStatus::Done) == happened => Ok(result),
        None if !happened => Ok(by_word(resolution)),
        _ => Err(Unresolved::Contradicted("the payment stands otherwise".to_owned())),
    }
}

pub(super) fn unasked() -> Unresolved {
    let error = CallError::NotSent { reason: "stripe_not_reached".to_owned(), retry_after: None };
    Unresolved::Unasked(error.of(Provider::Stripe))
}
