//! The transfer of a professional's share: the one effect that nobody but us keeps from happening twice.
//!
//! Lines of defence, of which the lease and the day would each do alone (`tests/model` checks both over all orders of
//! events; both fail only if Stripe carries a call out an hour after it was sent):
//!
//! - **The lease.** A call is made only while more of the claim is left than the call can take, by a clock
//!   looked at right before it, because a process may be stopped between its claim and its call for as long
//!   as the machine likes. So two calls never overlap, and nothing is on its way once a claim has lapsed.
//! - **The first look.** A table that was restored from an older copy does not know what it sent since. Before
//!   a call for a booking that is older than Stripe's memory of keys, its group is looked up, and a
//!   transfer that is found is adopted.
//! - **The day.** A key is resent for 23 hours, while Stripe certainly remembers it, and never after; what is
//!   older is looked up by its group, and what is found decides. That nothing is found is believed only
//!   after 24 hours, unless the one call that was ever made was refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::super::attempt::{RESEND_HORIZON_HOURS, judge, unconfigured};
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

/// After so long no earlier call is on its way any more, and Stripe may have forgotten its key.
const BELIEVE_ABSENCE_HOURS: i64 = 24;

pub(super) async fn attempt(
    effect: &Effect,
    request: &TransferRequest,
    doubt: bool,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let Some(stripe) = effect_clients.stripe else {
        return judge(effect, Err(unconfigured("stripe")), doubt, now);
    };
    if doubt && is_forgotten(effect, now) {
        return look(effect, request, stripe, "key_expired", is_long_over(effect, now), now).await;
    }
    if may_have_been_sent(request, now)
        && let Some(result) = adopt(effect, request, stripe, doubt, now).await
    {
        return result;
    }
    if !is_held(effect, effect_clients) || is_forgotten(effect, effect_clients.clock.now()) {
        return judge(effect, Err(claim_lapsed()), doubt, now);
    }
    match stripe.create_transfer(&request.idempotency_key, &new(request)).await {
        Ok(transfer) => done(request, &transfer).unwrap_or_else(|error| judge(effect, Err(error), true, now)),
        // A refusal is the end only where there is no transfer: it may answer a repetition of a call that
        // was carried out, and a new key is given only to what certainly was not.
        Err(error @ (CallError::Rejected { .. } | CallError::Absent | CallError::WrongState { .. })) => {
            let is_over = !doubt || is_long_over(effect, now);
            look(effect, request, stripe, error.reason(), is_over, now).await
        }
        // The answer is kept under the key, so that asking again tells nothing until it is forgotten.
        Err(CallError::LookUp { reason }) => look(effect, request, stripe, &reason, false, now).await,
        Err(error) => judge(effect, Err(error), doubt, now),
    }
}

/// Whether the table may have sent it before it was restored from an older copy, so long ago that Stripe has
/// forgotten the key. A booking of the last hours cannot have been: no copy without its transfer is older than
/// the memory of its key.
fn may_have_been_sent(request: &TransferRequest, now: DateTime<Utc>) -> bool {
    request.booked_at.is_none_or(|at| now - at > Duration::hours(RESEND_HORIZON_HOURS))
}

/// The end of a transfer that is at Stripe already; `None` where it is not. A claim that was left behind says
/// nothing about whether its call was made, so that this is asked before every call and not only the first.
async fn adopt(
    effect: &Effect,
    request: &TransferRequest,
    stripe: &Stripe,
    doubt: bool,
    now: DateTime<Utc>,
) -> Option<AttemptResult> {
    let page = match stripe.transfers(&group_of(request), &ListCursor::Newest).await {
        Ok(page) => page,
        Err(error) => return Some(judge(effect, Err(error.of_look_up()), doubt, now)),
    };
    let found: Vec<&Transfer> = page.data.iter().filter(|transfer| is_ours(transfer, request)).collect();
    match found.as_slice() {
        [] if page.has_more => Some(AttemptResult::ends(EffectStatus::Unknown, "too_many_transfers")),
        [] => None,
        [one] => {
            let known = known(request, one);
            Some(known.unwrap_or_else(|_| AttemptResult::ends(EffectStatus::Unknown, "another_transfer")))
        }
        _ => Some(AttemptResult::ends(EffectStatus::Unknown, "several_transfers")),
    }
}

/// Whether every call that was ever made has ended, and none can act any more.
pub(in super::super) fn is_long_over(effect: &Effect, now: DateTime<Utc>) -> bool {
    effect.first_sent_at.is_none_or(|at| now - at >= Duration::hours(BELIEVE_ABSENCE_HOURS))
}

/// What Stripe knows of the booking's transfers. `is_over` tells that every call has ended, so that what is
/// not there will not come.
pub(in super::super) async fn look(
    effect: &Effect,
    request: &TransferRequest,
    stripe: &Stripe,
    reason: &str,
    is_over: bool,
    now: DateTime<Utc>,
) -> AttemptResult {
    let page = match stripe.transfers(&group_of(request), &ListCursor::Newest).await {
        Ok(page) => page,
        // What may have happened stays in doubt, however often it cannot be looked up.
        Err(error) => return judge(effect, Err(error.of_look_up()), true, now),
    };
    let found: Vec<&Transfer> = page.data.iter().filter(|transfer| is_ours(transfer, request)).collect();
    match found.as_slice() {
        [] if page.has_more => AttemptResult::ends(EffectStatus::Unknown, "too_many_transfers"),
        [] if is_over => AttemptResult::ends(EffectStatus::Rejected, reason),
        [] => judge(effect, Err(CallError::InDoubt { reason: reason.to_owned() }), true, now),
        [one] => done(request, one)
            .unwrap_or_else(|_| AttemptResult::ends(EffectStatus::Unknown, "another_transfer")),
        _ => AttemptResult::ends(EffectStatus::Unknown, "several_transfers"),
    }
}

/// The end of a transfer that was made as it was asked for.
pub(in super::super) fn done(
    request: &TransferRequest,
    transfer: &Transfer,
) -> Result<AttemptResult, CallError> {
    if transfer.amount != request.amount {
        return Err(unreadable());
    }
    known(request, transfer)
}

/// What a transfer of the booking that is at Stripe tells, whichever batch has asked for it: its own metadata
/// say which, and what was kept back of the share.
fn known(request: &TransferRequest, transfer: &Transfer) -> Result<AttemptResult, CallError> {
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

/// Every transfer that the booking ever had.
fn group_of(request: &TransferRequest) -> TransferFilter {
    TransferFilter { transfer_group: Some(request.transfer_group.clone()), ..TransferFilter::default() }
}

fn is_ours(transfer: &Transfer, request: &TransferRequest) -> bool {
    transfer.metadata.get("booking_id") == Some(&request.metadata.booking_id.to_string())
}

/// The request as Stripe is asked: nothing in it comes from anywhere but the frozen row.
fn new(request: &TransferRequest) -> NewTransfer {
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
