//! Playing Stripe: what a customer, their bank and an account's owner do there.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::http::{Answer, Failure, JsonBody};

use super::{Desk, refuse};
use crate::stripe::{IntentStatus, StripeStandIn};

/// `{"payment_intent_id": "pi_…", "outcome": "authorized"}`: the customer confirms. Or `captured`,
/// `canceled`, `refunded`, `disputed`: what somebody else does at Stripe. The events go out at once.
pub(super) async fn play_payment(State(desk): State<Desk>, body: JsonBody) -> Response {
    let stripe = &desk.service.sandbox.stripe;
    match payment(stripe, &body) {
        Err(failure) => refuse(&failure),
        Ok(id) => {
            let delivered = desk.service.deliver_stripe_events().await;
            let status = stripe.payment_intent(&id).map(|intent| intent.status);
            Answer::ok(json!({"payment_intent_id": id, "status": status, "events_delivered": delivered}))
                .into_response()
        }
    }
}

fn payment(stripe: &StripeStandIn, body: &JsonBody) -> Result<String, Failure> {
    let fields = body.object(&["payment_intent_id", "outcome"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("payment_intent_id");
    let intent = stripe.payment_intent(id);
    let intent = intent
        .ok_or_else(|| Failure::field("payment_intent_id", "expected a payment intent of the sandbox"))?;
    let charge = stripe.charge_of(id);
    let left = charge.as_ref().map_or(0, |charge| charge.amount_captured - charge.amount_refunded);
    match (text("outcome"), intent.status) {
        ("authorized", IntentStatus::RequiresPaymentMethod) => stripe.authorize(id),
        ("captured", IntentStatus::RequiresCapture) => stripe.capture_outside(id),
        ("canceled", IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresCapture) => {
            stripe.cancel_outside(id);
        }
        ("refunded", IntentStatus::Succeeded) if left > 0 => stripe.refund(id, left),
        ("disputed", IntentStatus::Succeeded) if charge.is_some_and(|charge| charge.dispute.is_none()) => {
            stripe.open_dispute(id);
        }
        ("authorized" | "captured" | "canceled" | "refunded" | "disputed", status) => {
            let detail = format!("not possible while the payment is {}", json!(status));
            return Err(Failure::field("outcome", detail));
        }
        _ => {
            let detail = "expected authorized, captured, canceled, refunded or disputed";
            return Err(Failure::field("outcome", detail));
        }
    }
    Ok(id.to_owned())
}

/// `{"account_id": "acct_…", "currency": "usd"}`: an account that takes transfers. With
/// `"disabled_reason": "requirements.past_due"` one that does not.
pub(super) async fn play_account(State(desk): State<Desk>, body: JsonBody) -> Response {
    match account(&desk.service.sandbox.stripe, &body) {
        Err(failure) => refuse(&failure),
        Ok(account) => {
            desk.service.deliver_stripe_events().await;
            Answer::ok(json!({"account_id": account})).into_response()
        }
    }
}

fn account(stripe: &StripeStandIn, body: &JsonBody) -> Result<String, Failure> {
    let fields = body.object(&["account_id", "currency", "disabled_reason"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, currency, reason) = (text("account_id"), text("currency"), text("disabled_reason"));
    if !id.starts_with("acct_") || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Failure::field("account_id", "expected an id such as acct_1"));
    }
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Failure::field("currency", "expected a currency such as usd"));
    }
    stripe.add_account(id, currency);
    if !reason.is_empty() {
        stripe.restrict_account(id, Some(reason));
    }
    Ok(id.to_owned())
}
