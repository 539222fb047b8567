//! Resolves an effect in doubt by a person's statement.
//!
//! The statement is checked against the provider: a transfer must be named and is read, and so is a payment.
//! The statement alone decides only where the provider offers nothing to read, as for a message.

use chrono::{DateTime, Utc};

use super::payment::{intent, transfer};
use super::record_outcome::record_outcome;
use super::{AttemptResult, EffectClients, Outcome};
use crate::domain::kernel::provider::Provider;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::providers::call::{CallError, ProviderError};
use crate::store::company::AuditEntry;
use crate::store::{Company, StoreError};

/// A person's statement about an effect in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    Happened {
        /// The provider's id; required for a transfer.
        reference: Option<String>,
    },
    /// It did not happen and will not: the share may be transferred again.
    DidNotHappen,
}

#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The outcome is known, or the effect is still being retried.
    #[error("only an effect in doubt can be resolved")]
    NotInDoubt,
    /// It was not refused, or the refusal is resolved already.
    #[error("only an effect that was refused can be tried again or closed")]
    NotRefused,
    /// The operations routes do not retry this effect; the text says what does.
    #[error("it cannot be tried again here: {0}")]
    NotRetried(&'static str),
    #[error("name the transfer that was made")]
    ReferenceMissing,
    #[error("Stripe reports otherwise: {0}")]
    Contradicted(String),
    #[error("STRIPE_SECRET_KEY is not set")]
    StripeNotConfigured,
    #[error("the provider cannot be asked: {0}")]
    ProviderUnavailable(ProviderError),
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
) -> Result<Effect, ResolveError> {
    if read.status != EffectStatus::Unknown {
        return Err(ResolveError::NotInDoubt);
    }
    let mut result = match &read.request {
        Request::Transfer(_) => resolve_transfer(read, resolution, effect_clients, now).await?,
        Request::Capture { .. } | Request::Release { .. } | Request::Refund { .. } => {
            resolve_payment(read, resolution, effect_clients, now).await?
        }
        _ => result_of_statement(resolution),
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
        Outcome::HeldByAnother | Outcome::SwitchedOff => Err(ResolveError::NotInDoubt),
    }
}

fn result_of_statement(resolution: &Resolution) -> AttemptResult {
    match resolution {
        Resolution::Happened { .. } => AttemptResult::ends(EffectStatus::Done, "resolved_by_hand"),
        Resolution::DidNotHappen => AttemptResult::ends(EffectStatus::Rejected, "resolved_by_hand"),
    }
}

async fn resolve_transfer(
    read: &Effect,
    resolution: &Resolution,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<AttemptResult, ResolveError> {
    let Request::Transfer(request) = &read.request else { return Err(ResolveError::NotInDoubt) };
    let stripe = effect_clients.stripe.ok_or(ResolveError::StripeNotConfigured)?;
    match resolution {
        Resolution::Happened { reference } => {
            let id = reference.as_deref().ok_or(ResolveError::ReferenceMissing)?;
            let found = match stripe.transfer(id).await {
                Ok(found) => found,
                Err(CallError::Absent) => {
                    return Err(ResolveError::Contradicted("no such transfer".to_owned()));
                }
                Err(error) => return Err(ResolveError::ProviderUnavailable(error.of(Provider::Stripe))),
            };
            let booking_id = request.metadata.booking_id.to_string();
            if found.metadata.get("booking_id") != Some(&booking_id) {
                return Err(ResolveError::Contradicted("the transfer is of another booking".to_owned()));
            }
            let other = |_| ResolveError::Contradicted("the transfer is of another amount".to_owned());
            transfer::done_result(request, &found).map_err(other)
        }
        Resolution::DidNotHappen => {
            if !transfer::is_long_over(read, now) {
                let early = "a call of the last 24 hours may still be carried out".to_owned();
                return Err(ResolveError::Contradicted(early));
            }
            let found = transfer::look_up(read, request, stripe, "resolved_by_hand", true, now).await;
            match found.status {
                EffectStatus::Rejected => Ok(found),
                EffectStatus::Sending => Err(stripe_not_reached()),
                _ => Err(ResolveError::Contradicted("the booking has a transfer".to_owned())),
            }
        }
    }
}

async fn resolve_payment(
    read: &Effect,
    resolution: &Resolution,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> Result<AttemptResult, ResolveError> {
    let (Request::Capture { payment_intent }
    | Request::Release { payment_intent, .. }
    | Request::Refund { payment_intent }) = &read.request
    else {
        return Err(ResolveError::NotInDoubt);
    };
    let stripe = effect_clients.stripe.ok_or(ResolveError::StripeNotConfigured)?;
    let found = intent::look_up(read, stripe, payment_intent, true, now).await;
    let happened = matches!(resolution, Resolution::Happened { .. });
    match found {
        Some(result) if result.retry_at.is_some() => Err(stripe_not_reached()),
        // The payment does not exist at Stripe, so the step on it did not happen.
        Some(result) if result.status == EffectStatus::Unknown && !happened => {
            Ok(result_of_statement(resolution))
        }
        Some(result) if (result.status == EffectStatus::Done) == happened => Ok(result),
        None if !happened => Ok(result_of_statement(resolution)),
        _ => Err(ResolveError::Contradicted("the payment has another status".to_owned())),
    }
}

pub(super) fn stripe_not_reached() -> ResolveError {
    let error = CallError::NotSent { reason: "stripe_not_reached".to_owned(), retry_after: None };
    ResolveError::ProviderUnavailable(error.of(Provider::Stripe))
}
