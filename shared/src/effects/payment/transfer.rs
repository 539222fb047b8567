//! The transfer of a professional's share: the one effect whose duplicates only our own code prevents.
//!
//! Safeguards, of which the lease and the 24 hours would each suffice alone (`tests/model` checks both over all
//! orders of events; both fail only if Stripe carries out a call an hour after it was sent):
//!
//! - **The lease.** A call is made only while more of the lease is left than the call can take. The clock is
//!   read right before the call, because a process may be suspended between its claim and its call for any
//!   length of time. So two calls never overlap, and no call is in flight once a lease has expired.
//! - **The first look-up.** A table restored from an older backup lacks what was sent since. Before a call for
//!   a booking older than Stripe's memory of keys, its transfer group is looked up, and a transfer that is
//!   found is adopted.
//! - **The 24 hours.** A key is sent again for 23 hours, while Stripe certainly remembers it, and never after.
//!   An older effect is looked up by its transfer group, and what is found decides. An empty result counts only
//!   after 24 hours, unless the only call ever made was refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::super::attempt::{RESEND_HORIZON_HOURS, result_of_call, unconfigured};
use super::super::{AttemptResult, EffectClients, claim_lapsed, is_held};
use super::{is_forgotten, unreadable};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::TransferId;
use crate::domain::marketplace::booking::BookingFactKind;
use crate::domain::marketplace::payout::{BatchId, TransferRequest};
use crate::domain::platform::effect::{Effect, EffectStatus};
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::providers::stripe::list::ListCursor;
use crate::providers::stripe::transfer::{NewTransfer, Transfer, TransferFilter};

/// After this time no earlier call is in flight, and Stripe may have forgotten its key.
const BELIEVE_ABSENCE_HOURS: i64 = 24;

pub(super) async fn attempt(
    effect: &Effect,
    request: &TransferRequest,
    doubt: bool,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let Some(stripe) = effect_clients.stripe else {
        return result_of_call(effect, Err(unconfigured("stripe")), doubt, now);
    };
    if doubt && is_forgotten(effect, now) {
        return look_up(effect, request, stripe, "key_expired", is_long_over(effect, now), now).await;
    }
    if may_have_been_sent(request, now)
        && let Some(result) = adopt(effect, request, stripe, doubt, now).await
    {
        return result;
    }
    if !is_held(effect, effect_clients) || is_forgotten(effect, effect_clients.clock.now()) {
        return result_of_call(effect, Err(claim_lapsed()), doubt, now);
    }
    match stripe.create_transfer(&request.idempotency_key, &new_transfer(request)).await {
        Ok(transfer) => done_result(request, &transfer)
            .unwrap_or_else(|error| result_of_call(effect, Err(error), true, now)),
        // A refusal is final only if there is no transfer: it may answer a repetition of a call that was carried
        // out, and only a transfer that certainly does not exist gets a new key.
        Err(error @ (CallError::Rejected { .. } | CallError::Absent | CallError::WrongState { .. })) => {
            let is_over = !doubt || is_long_over(effect, now);
            look_up(effect, request, stripe, error.reason(), is_over, now).await
        }
        // Stripe stores this answer under the key, so sending again returns the same until the key is forgotten.
        Err(CallError::LookUp { reason }) => look_up(effect, request, stripe, &reason, false, now).await,
        Err(error) => result_of_call(effect, Err(error), doubt, now),
    }
}

/// Whether the transfer may have been sent before the table was restored from an older backup, so long ago that
/// Stripe has forgotten the key. For a recent booking this is impossible: Stripe still remembers every key used
/// since the booking was made.
fn may_have_been_sent(request: &TransferRequest, now: DateTime<Utc>) -> bool {
    request.booked_at.is_none_or(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS))
}

/// The result of a transfer that exists at Stripe already; `None` if there is none. An abandoned claim does not
/// say whether its call was made, so this is checked before every call and not only before the first.
async fn adopt(
    effect: &Effect,
    request: &TransferRequest,
    stripe: &Stripe,
    doubt: bool,
    now: DateTime<Utc>,
) -> Option<AttemptResult> {
    let page = match stripe.transfers(&group_of(request), &ListCursor::Newest).await {
        Ok(page) => page,
        Err(error) => return Some(result_of_call(effect, Err(error.of_look_up()), doubt, now)),
    };
    let found: Vec<&Transfer> = page.data.iter().filter(|transfer| is_ours(transfer, request)).collect();
    match found.as_slice() {
        [] if page.has_more => Some(AttemptResult::ends(EffectStatus::Unknown, "too_many_transfers")),
        [] => None,
        [one] => {
            let result = found_result(request, one);
            Some(result.unwrap_or_else(|_| AttemptResult::ends(EffectStatus::Unknown, "another_transfer")))
        }
        _ => Some(AttemptResult::ends(EffectStatus::Unknown, "several_transfers")),
    }
}

/// Whether every call ever made has ended, so that none can act any more.
pub(in super::super) fn is_long_over(effect: &Effect, now: DateTime<Utc>) -> bool {
    effect.first_sent_at.is_none_or(|at| now - at >= Duration::hours(BELIEVE_ABSENCE_HOURS))
}

/// Looks up the booking's transfers at Stripe. `is_over` means that every call has ended, so that a missing
/// transfer will not appear later.
pub(in super::super) async fn look_up(
    effect: &Effect,
    request: &TransferRequest,
    stripe: &Stripe,
    reason: &str,
    is_over: bool,
    now: DateTime<Utc>,
) -> AttemptResult {
    let page = match stripe.transfers(&group_of(request), &ListCursor::Newest).await {
        Ok(page) => page,
        // A transfer that may have happened stays in doubt, however often the look-up fails.
        Err(error) => return result_of_call(effect, Err(error.of_look_up()), true, now),
    };
    let found: Vec<&Transfer> = page.data.iter().filter(|transfer| is_ours(transfer, request)).collect();
    match found.as_slice() {
        [] if page.has_more => AttemptResult::ends(EffectStatus::Unknown, "too_many_transfers"),
        [] if is_over => AttemptResult::ends(EffectStatus::Rejected, reason),
        [] => result_of_call(effect, Err(CallError::InDoubt { reason: reason.to_owned() }), true, now),
        [one] => done_result(request, one)
            .unwrap_or_else(|_| AttemptResult::ends(EffectStatus::Unknown, "another_transfer")),
        _ => AttemptResult::ends(EffectStatus::Unknown, "several_transfers"),
    }
}

/// The result of a transfer that matches the request.
pub(in super::super) fn done_result(
    request: &TransferRequest,
    transfer: &Transfer,
) -> Result<AttemptResult, CallError> {
    if transfer.amount != request.amount {
        return Err(unreadable());
    }
    found_result(request, transfer)
}

/// The result of a transfer of this booking found at Stripe, whichever batch requested it: its metadata name the
/// batch and the withheld amount.
fn found_result(request: &TransferRequest, transfer: &Transfer) -> Result<AttemptResult, CallError> {
    let id = TransferId::parse(&transfer.id).map_err(|_| unreadable())?;
    if transfer.currency != request.currency {
        return Err(unreadable());
    }
    let batch = transfer.metadata.get("batch_id").and_then(|id| BatchId::parse(id).ok());
    let carried_amount = transfer.metadata.get("carried_amount").and_then(|amount| amount.parse().ok());
    let paid = BookingFactKind::PaidOut {
        batch: batch.unwrap_or(request.metadata.batch_id),
        transfer: Some(id.clone()),
        money: Money { amount: transfer.amount, currency: request.currency.clone() },
        carried_amount: carried_amount.unwrap_or(request.metadata.carried_amount),
    };
    let mut facts = vec![paid];
    if transfer.amount_reversed > 0 {
        let money = Money { amount: transfer.amount_reversed, currency: request.currency.clone() };
        facts.push(BookingFactKind::TransferReversed { transfer: id, money });
    }
    Ok(AttemptResult::ends(EffectStatus::Done, transfer.id.clone()).with(facts))
}

/// Selects every transfer that the booking ever had.
fn group_of(request: &TransferRequest) -> TransferFilter {
    TransferFilter { transfer_group: Some(request.transfer_group.clone()), ..TransferFilter::default() }
}

fn is_ours(transfer: &Transfer, request: &TransferRequest) -> bool {
    transfer.metadata.get("booking_id") == Some(&request.metadata.booking_id.to_string())
}

/// The request body for Stripe, built from the frozen row alone so that every attempt sends the same.
fn new_transfer(request: &TransferRequest) -> NewTransfer {
    let metadata = &request.metadata;
    NewTransfer {
        money: Money { amount: request.amount, currency: request.currency.clone() },
        destination: request.destination.to_string(),
        transfer_group: request.transfer_group.clone(),
        source_transaction: request.source_transaction.as_ref().map(ToString::to_string),
        metadata: BTreeMap::from([
            ("batch_id".to_owned(), metadata.batch_id.to_string()),
            ("booking_id".to_owned(), metadata.booking_id.to_string()),
            ("carried_amount".to_owned(), metadata.carried_amount.to_string()),
            ("company_id".to_owned(), metadata.company_id.to_string()),
        ]),
        description: None,
    }
}
