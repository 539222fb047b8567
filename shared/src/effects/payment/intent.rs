//! The effects on a customer's payment, which Stripe itself keeps from happening twice: whatever nobody
//! knows of them, the payment tells.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::attempt::{judge, unconfigured};
use super::super::{AttemptResult, EffectClients};
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{BookingId, ChargeId, PaymentIntentId};
use crate::domain::marketplace::booking::{BookingFactKind, ReleaseReason};
use crate::domain::marketplace::payout::transfer_group;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::providers::stripe::payment::{
    CancellationReason, NewPaymentIntent, PaymentIntent, PaymentIntentStatus,
};
use crate::providers::stripe::refund::NewRefund;

/// The payment of a booking. Its metadata lead every event about it back to the booking.
pub(super) fn new(company_id: &CompanyId, booking_id: BookingId, money: &Money) -> NewPaymentIntent {
    let metadata = BTreeMap::from([
        ("booking_id".to_owned(), booking_id.to_string()),
        ("company_id".to_owned(), company_id.to_string()),
    ]);
    NewPaymentIntent { money: money.clone(), metadata, transfer_group: transfer_group(booking_id) }
}

pub(super) async fn attempt(
    effect: &Effect,
    payment_intent: &PaymentIntentId,
    doubt: bool,
    effect_clients: EffectClients<'_>,
    now: DateTime<Utc>,
) -> AttemptResult {
    let Some(stripe) = effect_clients.stripe else {
        return judge(effect, Err(unconfigured("stripe")), doubt, now);
    };
    if doubt && let Some(result) = look(effect, stripe, payment_intent, doubt, now).await {
        return result;
    }
    match call(effect, stripe, payment_intent).await {
        Ok(Some(payment)) => done(&payment),
        // A refund tells little of its charge; the payment tells all.
        Ok(None) => look(effect, stripe, payment_intent, true, now).await.unwrap_or_else(|| {
            judge(effect, Err(CallError::InDoubt { reason: "not_there_yet".to_owned() }), true, now)
        }),
        Err(
            error @ (CallError::WrongState { .. } | CallError::Rejected { .. } | CallError::LookUp { .. }),
        ) => {
            // Stripe does not know either whether this call acted.
            let doubt = doubt || matches!(error, CallError::LookUp { .. });
            let reason = error.reason().to_owned();
            let looked = look(effect, stripe, payment_intent, doubt, now).await;
            looked.unwrap_or_else(|| refused(effect, error, reason, now))
        }
        Err(error) => judge(effect, Err(error), doubt, now),
    }
}

async fn call(
    effect: &Effect,
    stripe: &Stripe,
    payment_intent: &PaymentIntentId,
) -> Result<Option<PaymentIntent>, CallError> {
    let (key, id) = (&*key(effect), payment_intent.as_str());
    match &effect.request {
        Request::Capture { .. } => stripe.capture(key, id).await.map(Some),
        Request::Release { by_customer, .. } => {
            let reason = match by_customer {
                true => CancellationReason::RequestedByCustomer,
                false => CancellationReason::Abandoned,
            };
            stripe.cancel(key, id, reason).await.map(Some)
        }
        _ => {
            let all = NewRefund { payment_intent: id.to_owned(), amount: None, metadata: BTreeMap::new() };
            stripe.refund(key, &all).await.map(|_| None)
        }
    }
}

/// Marks the reason of an attempt whose refusal Stripe keeps under the key for a day.
const KEPT: &str = "kept:";

/// The key of the operation, until Stripe keeps a refusal under it: a payment that was being worked on for
/// a second would be refused for a day, and a short hold lapse meanwhile. Only what a payment goes through
/// once, whatever the key, is then asked for under another; and the payment was looked at before.
fn key(effect: &Effect) -> Cow<'_, str> {
    let kept = effect.reason.as_ref().is_some_and(|reason| reason.starts_with(KEPT));
    match &effect.request {
        Request::Capture { .. } | Request::Release { .. } if kept => {
            format!("{}:{}", effect.downstream_key, effect.tries).into()
        }
        _ => (&effect.downstream_key).into(),
    }
}

/// What the payment itself says: the end of the effect, or `None` where it still stands before it.
pub(in super::super) async fn look(
    effect: &Effect,
    stripe: &Stripe,
    payment_intent: &PaymentIntentId,
    doubt: bool,
    now: DateTime<Utc>,
) -> Option<AttemptResult> {
    let payment = match stripe.payment_intent(payment_intent.as_str()).await {
        Ok(payment) => payment,
        // Where a call may have acted, a payment that is not there any more means that we look in the wrong
        // place: with a key of another account, or of the other mode.
        Err(CallError::Absent) => {
            let status = if doubt { EffectStatus::Unknown } else { EffectStatus::Rejected };
            return Some(AttemptResult::ends(status, "payment_absent"));
        }
        Err(error) => return Some(judge(effect, Err(error.of_look_up()), doubt, now)),
    };
    let status = payment.status;
    match &effect.request {
        Request::Capture { .. } => match status {
            PaymentIntentStatus::Succeeded => Some(done(&payment)),
            PaymentIntentStatus::Canceled => Some(lost_to(&payment, "payment_released")),
            _ => None,
        },
        Request::Release { .. } => match status {
            PaymentIntentStatus::Canceled => Some(done(&payment)),
            // The professional's capture won: the booking is not let go.
            PaymentIntentStatus::Succeeded => Some(lost_to(&payment, "payment_captured")),
            _ => None,
        },
        _ => {
            let charge = payment.charge()?;
            (charge.amount_captured > 0 && charge.amount_returned() >= charge.amount_captured)
                .then(|| done(&payment))
        }
    }
}

fn done(payment: &PaymentIntent) -> AttemptResult {
    AttemptResult::ends(EffectStatus::Done, payment.id.clone()).with(facts(payment))
}

/// It did not happen, and never will, because the opposite has.
fn lost_to(payment: &PaymentIntent, reason: &str) -> AttemptResult {
    AttemptResult::ends(EffectStatus::Rejected, reason).with(facts(payment))
}

/// Refused while the payment still stands before the step: one that is being worked on is asked again,
/// and so is one that met an error.
fn refused(effect: &Effect, error: CallError, reason: String, now: DateTime<Utc>) -> AttemptResult {
    match error {
        CallError::Rejected { .. } => AttemptResult::ends(EffectStatus::Rejected, reason),
        _ => {
            let reason = format!("{KEPT}{reason}");
            judge(effect, Err(CallError::InDoubt { reason }), true, now)
        }
    }
}

/// What a payment tells of its booking.
fn facts(payment: &PaymentIntent) -> Vec<BookingFactKind> {
    let Ok(id) = PaymentIntentId::parse(&payment.id) else { return Vec::new() };
    let charge = payment.charge_id().and_then(|id| ChargeId::parse(id).ok());
    let money = |amount| Money { amount, currency: payment.currency.clone() };
    let mut facts = Vec::new();
    match payment.status {
        PaymentIntentStatus::Succeeded => {
            let (payment_intent, money) = (id.clone(), money(payment.amount_received));
            facts.push(BookingFactKind::Captured { payment_intent, charge, money });
        }
        PaymentIntentStatus::Canceled => {
            let reason = ReleaseReason::of_stripe(payment.cancellation_reason.as_deref());
            facts.push(BookingFactKind::Released { reason, payment_intent: Some(id.clone()) });
        }
        _ => {}
    }
    if let Some(charge) = payment.charge()
        && charge.amount_returned() > 0
    {
        let money = money(charge.amount_returned());
        facts.push(BookingFactKind::Refunded { money, payment_intent: Some(id) });
    }
    facts
}
