//! The effects on a customer's payment. Stripe itself prevents duplicates, and reading the payment resolves
//! every doubt about them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::attempt::{result_of_call, unconfigured};
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

/// The payment of a booking. Its metadata identify the booking in every event about the payment.
pub(super) fn new_payment_intent(
    company_id: &CompanyId,
    booking_id: BookingId,
    money: &Money,
) -> NewPaymentIntent {
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
        return result_of_call(effect, Err(unconfigured("stripe")), doubt, now);
    };
    if doubt && let Some(result) = look_up(effect, stripe, payment_intent, doubt, now).await {
        return result;
    }
    match call(effect, stripe, payment_intent).await {
        Ok(Some(payment)) => done_result(&payment),
        // A refund does not contain the state of its charge, so the payment is read.
        Ok(None) => look_up(effect, stripe, payment_intent, true, now).await.unwrap_or_else(|| {
            result_of_call(effect, Err(CallError::InDoubt { reason: "not_there_yet".to_owned() }), true, now)
        }),
        Err(
            error @ (CallError::WrongState { .. } | CallError::Rejected { .. } | CallError::LookUp { .. }),
        ) => {
            // Stripe itself does not know whether this call acted.
            let doubt = doubt || matches!(error, CallError::LookUp { .. });
            let reason = error.reason().to_owned();
            let found = look_up(effect, stripe, payment_intent, doubt, now).await;
            found.unwrap_or_else(|| refused_result(effect, error, reason, now))
        }
        Err(error) => result_of_call(effect, Err(error), doubt, now),
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

/// Prefixes the reason of an attempt whose refusal Stripe stores under the idempotency key for a day.
const STORED_REFUSAL: &str = "kept:";

/// The operation's idempotency key, until Stripe stores a refusal under it: a payment that was locked for a
/// second would then be refused for a day, and a short authorization would lapse meanwhile. Captures and voids
/// happen once per payment whatever the key, so they are sent under another key, after the payment was read.
fn key(effect: &Effect) -> Cow<'_, str> {
    let is_refusal_stored = effect.reason.as_ref().is_some_and(|reason| reason.starts_with(STORED_REFUSAL));
    match &effect.request {
        Request::Capture { .. } | Request::Release { .. } if is_refusal_stored => {
            format!("{}:{}", effect.downstream_key, effect.tries).into()
        }
        _ => (&effect.downstream_key).into(),
    }
}

/// Reads the payment: the effect's result, or `None` if the payment is still in the status before the step.
pub(in super::super) async fn look_up(
    effect: &Effect,
    stripe: &Stripe,
    payment_intent: &PaymentIntentId,
    doubt: bool,
    now: DateTime<Utc>,
) -> Option<AttemptResult> {
    let payment = match stripe.payment_intent(payment_intent.as_str()).await {
        Ok(payment) => payment,
        // If a call may have acted and the payment is missing, our key belongs to another account or to the other
        // mode.
        Err(CallError::Absent) => {
            let status = if doubt { EffectStatus::Unknown } else { EffectStatus::Rejected };
            return Some(AttemptResult::ends(status, "payment_absent"));
        }
        Err(error) => return Some(result_of_call(effect, Err(error.of_look_up()), doubt, now)),
    };
    let status = payment.status;
    match &effect.request {
        Request::Capture { .. } => match status {
            PaymentIntentStatus::Succeeded => Some(done_result(&payment)),
            PaymentIntentStatus::Canceled => Some(lost_result(&payment, "payment_released")),
            _ => None,
        },
        Request::Release { .. } => match status {
            PaymentIntentStatus::Canceled => Some(done_result(&payment)),
            // The professional's capture came first, so the payment is not voided.
            PaymentIntentStatus::Succeeded => Some(lost_result(&payment, "payment_captured")),
            _ => None,
        },
        _ => {
            let charge = payment.charge()?;
            (charge.amount_captured > 0 && charge.amount_returned() >= charge.amount_captured)
                .then(|| done_result(&payment))
        }
    }
}

fn done_result(payment: &PaymentIntent) -> AttemptResult {
    AttemptResult::ends(EffectStatus::Done, payment.id.clone()).with(payment_facts(payment))
}

/// The step can never happen, because the opposite one has.
fn lost_result(payment: &PaymentIntent, reason: &str) -> AttemptResult {
    AttemptResult::ends(EffectStatus::Rejected, reason).with(payment_facts(payment))
}

/// The result of a refusal while the payment is still in the status before the step: a locked payment is
/// retried, and so is one whose call met an error.
fn refused_result(effect: &Effect, error: CallError, reason: String, now: DateTime<Utc>) -> AttemptResult {
    match error {
        CallError::Rejected { .. } => AttemptResult::ends(EffectStatus::Rejected, reason),
        _ => {
            let reason = format!("{STORED_REFUSAL}{reason}");
            result_of_call(effect, Err(CallError::InDoubt { reason }), true, now)
        }
    }
}

/// The facts that a payment's status gives about its booking.
pub(crate) fn payment_facts(payment: &PaymentIntent) -> Vec<BookingFactKind> {
    let Ok(id) = PaymentIntentId::parse(&payment.id) else { return Vec::new() };
    let charge = payment.charge_id().and_then(|id| ChargeId::parse(id).ok());
    let money = |amount| Money { amount, currency: payment.currency.clone() };
    let mut facts = Vec::new();
    match payment.status {
        PaymentIntentStatus::RequiresCapture => {
            let (payment_intent, money) = (id.clone(), money(payment.amount_capturable));
            let capture_before = payment.capture_before();
            facts.push(BookingFactKind::Authorized { payment_intent, charge, money, capture_before });
        }
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
