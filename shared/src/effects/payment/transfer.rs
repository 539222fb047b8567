//! The transfer of a professional's share: the one effect that nobody but us keeps from happening twice.
//!
//! Two lines of defence, each of which would do alone (`tests/model` checks both over all orders of
//! events; both fail only if Stripe carries a call out an hour after it was sent):
//!
//! - **The lease.** A call is made only while more of the claim is left than the call can take, by a clock
//!   looked at right before it, because a process may be stopped between its claim and its call for as long
//!   as the machine likes. So two calls never overlap, and nothing is on its way once a claim has lapsed.
//! - **The day.** A key is resent for 23 hours, while Stripe certainly remembers it, and never after; what is
//!   older is looked up by its group, and what is found decides. That nothing is found is believed only
//!   after 24 hours, unless the one call that was ever made was refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::super::attempt::{judge, unconfigured};
use super::super::{Senders, Verdict, claim_lapsed, is_held};
use super::{is_forgotten, unreadable};
use crate::domain::booking::What;
use crate::domain::effect::{Effect, EffectState};
use crate::domain::money::Money;
use crate::domain::party::TransferId;
use crate::domain::payout::TransferRequest;
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::providers::stripe::list::Cursor;
use crate::providers::stripe::transfer::{NewTransfer, Transfer, TransferFilter};

/// After so long no earlier call is on its way any more, and Stripe may have forgotten its key.
const BELIEVE_ABSENCE_HOURS: i64 = 24;

pub(super) async fn attempt(
    effect: &Effect,
    request: &TransferRequest,
    doubt: bool,
    senders: Senders<'_>,
    now: DateTime<Utc>,
) -> Verdict {
    let Some(stripe) = senders.stripe else {
        return judge(effect, Err(unconfigured("stripe")), doubt, now);
    };
    if doubt && is_forgotten(effect, now) {
        return look(effect, request, stripe, "key_expired", is_long_over(effect, now), now).await;
    }
    if !is_held(effect, senders) || is_forgotten(effect, (senders.clock)()) {
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
) -> Verdict {
    let filter =
        TransferFilter { transfer_group: Some(request.transfer_group.clone()), ..TransferFilter::default() };
    let page = match stripe.transfers(&filter, &Cursor::Newest).await {
        Ok(page) => page,
        // What may have happened stays in doubt, however often it cannot be looked up.
        Err(error) => return judge(effect, Err(error), true, now),
    };
    let booking_id = request.metadata.booking_id.to_string();
    let ours = |transfer: &&Transfer| transfer.metadata.get("booking_id") == Some(&booking_id);
    let found: Vec<&Transfer> = page.data.iter().filter(ours).collect();
    match found.as_slice() {
        [] if page.has_more => Verdict::ends(EffectState::Unknown, "too_many_transfers"),
        [] if is_over => Verdict::ends(EffectState::Rejected, reason),
        [] => judge(effect, Err(CallError::InDoubt { reason: reason.to_owned() }), true, now),
        [one] => {
            done(request, one).unwrap_or_else(|_| Verdict::ends(EffectState::Unknown, "another_transfer"))
        }
        _ => Verdict::ends(EffectState::Unknown, "several_transfers"),
    }
}

/// The end of a transfer that was made as it was asked for.
pub(in super::super) fn done(request: &TransferRequest, transfer: &Transfer) -> Result<Verdict, CallError> {
    let id = TransferId::parse(&transfer.id).map_err(|_| unreadable())?;
    let as_asked = transfer.amount == request.amount && transfer.currency == request.currency;
    if !as_asked {
        return Err(unreadable());
    }
    let paid = What::PaidOut {
        batch: request.metadata.batch_id,
        transfer: Some(id.clone()),
        money: Money { amount: request.amount, currency: request.currency.clone() },
        carried_amount: request.metadata.carried_amount,
    };
    let mut facts = vec![paid];
    if transfer.amount_reversed > 0 {
        let money = Money { amount: transfer.amount_reversed, currency: request.currency.clone() };
        facts.push(What::TransferReversed { transfer: id, money });
    }
    Ok(Verdict::ends(EffectState::Done, transfer.id.clone()).with(facts))
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
