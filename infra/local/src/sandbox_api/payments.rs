//! Simulates customers, banks and account owners at Stripe.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use shared::http::{Answer, Failure, JsonBody};

use super::{SandboxApi, refuse};
use stand_ins::stripe::{DisputeStatus, IntentStatus, PaymentIntent, StripeStandIn};

/// An event in the life of a payment.
const OUTCOMES: [&str; 8] = [
    "authorized",
    "captured",
    "canceled",
    "refunded",
    "refund_failed",
    "disputed",
    "dispute_won",
    "dispute_lost",
];

/// `{"payment_intent_id": "pi_…", "outcome": "authorized"}`: the customer confirms. Or `captured`,
/// `canceled`, `refunded`, `refund_failed`, `disputed`, `dispute_won`, `dispute_lost`: a change at Stripe.
/// `refunded` takes an `"amount"` in minor units, or refunds the rest; `refund_failed` fails the named
/// refund, or the newest. The events are sent at once.
pub(super) async fn play_payment(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    let stripe = &sandbox_api.service.sandbox.stripe;
    match payment(stripe, &body) {
        Err(failure) => refuse(&failure),
        Ok(id) => {
            let delivered = sandbox_api.service.deliver_stripe_events().await;
            let status = stripe.payment_intent(&id).map(|intent| intent.status);
            Answer::ok(json!({"payment_intent_id": id, "status": status, "events_delivered": delivered}))
                .into_response()
        }
    }
}

fn payment(stripe: &StripeStandIn, body: &JsonBody) -> Result<String, Failure> {
    let fields = body.object(&["payment_intent_id", "outcome", "amount"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, outcome) = (text("payment_intent_id"), text("outcome"));
    let intent = stripe.payment_intent(id);
    let intent = intent
        .ok_or_else(|| Failure::field("payment_intent_id", "expected a payment intent of the sandbox"))?;
    if !OUTCOMES.contains(&outcome) {
        return Err(Failure::field("outcome", format!("expected one of {}", OUTCOMES.join(", "))));
    }
    let amount = asked_amount(fields.get("amount"), outcome)?;
    let happened = match outcome {
        "refunded" => give_back(stripe, id, amount)?,
        "refund_failed" => return_refund(stripe, id, amount)?,
        other => happen(stripe, &intent, other),
    };
    if happened {
        return Ok(id.to_owned());
    }
    let (status, dispute) = (json!(intent.status), dispute_of(stripe, id));
    let dispute = dispute.map(|status| format!(" and its dispute is {}", json!(status))).unwrap_or_default();
    Err(Failure::field("outcome", format!("not possible while the payment is {status}{dispute}")))
}

/// Whether it was possible, and so has happened.
fn happen(stripe: &StripeStandIn, intent: &PaymentIntent, outcome: &str) -> bool {
    let id = &intent.id;
    match (outcome, intent.status, dispute_of(stripe, id)) {
        ("authorized", IntentStatus::RequiresPaymentMethod, _) => stripe.authorize(id),
        ("captured", IntentStatus::RequiresCapture, _) => stripe.capture_outside(id),
        ("canceled", IntentStatus::RequiresPaymentMethod | IntentStatus::RequiresCapture, _) => {
            stripe.cancel_outside(id);
        }
        ("disputed", IntentStatus::Succeeded, None) => stripe.open_dispute(id),
        ("dispute_won", _, Some(DisputeStatus::NeedsResponse)) => stripe.close_dispute(id, true),
        ("dispute_lost", _, Some(DisputeStatus::NeedsResponse)) => stripe.close_dispute(id, false),
        _ => return false,
    }
    true
}

fn give_back(stripe: &StripeStandIn, id: &str, amount: Option<i64>) -> Result<bool, Failure> {
    let charge = stripe.charge_of(id).filter(|charge| !charge.is_charged_back() && charge.kept() > 0);
    let Some(charge) = charge else { return Ok(false) };
    let amount = amount.unwrap_or(charge.kept());
    if amount > charge.kept() {
        return Err(Failure::field("amount", format!("expected at most {}", charge.kept())));
    }
    stripe.refund(id, amount);
    Ok(true)
}

fn return_refund(stripe: &StripeStandIn, id: &str, amount: Option<i64>) -> Result<bool, Failure> {
    let refunds = stripe.refunds().into_iter().rev();
    let mut refunds = refunds.filter(|refund| refund.intent == id && !refund.has_failed()).peekable();
    if refunds.peek().is_none() {
        return Ok(false);
    }
    let refund = refunds.find(|refund| amount.is_none_or(|amount| refund.amount == amount));
    let refund = refund.ok_or_else(|| Failure::field("amount", "expected the amount of a refund"))?;
    stripe.fail_refund(id, refund.amount);
    Ok(true)
}

fn asked_amount(field: Option<&Value>, outcome: &str) -> Result<Option<i64>, Failure> {
    let Some(field) = field else { return Ok(None) };
    if !["refunded", "refund_failed"].contains(&outcome) {
        return Err(Failure::field("amount", "expected with refunded or refund_failed only"));
    }
    let amount = field.as_i64().filter(|amount| *amount > 0);
    amount.map(Some).ok_or_else(|| Failure::field("amount", "expected a whole number of minor units"))
}

fn dispute_of(stripe: &StripeStandIn, id: &str) -> Option<DisputeStatus> {
    stripe.charge_of(id)?.dispute.map(|dispute| dispute.status)
}

/// `{"account_id": "acct_…", "currency": "usd", "company_id": "biz_…", "professional_id": "user_…"}`: an account
/// that takes transfers, made for that professional. With
/// `"disabled_reason": "requirements.past_due"` one that does not.
pub(super) async fn play_account(State(sandbox_api): State<SandboxApi>, body: JsonBody) -> Response {
    match account(&sandbox_api.service.sandbox.stripe, &body) {
        Err(failure) => refuse(&failure),
        Ok(account) => {
            sandbox_api.service.deliver_stripe_events().await;
            Answer::ok(json!({"account_id": account})).into_response()
        }
    }
}

fn account(stripe: &StripeStandIn, body: &JsonBody) -> Result<String, Failure> {
    let fields =
        body.object(&["account_id", "currency", "disabled_reason", "company_id", "professional_id"])?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (id, currency, reason) = (text("account_id"), text("currency"), text("disabled_reason"));
    if !id.starts_with("acct_") || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(Failure::field("account_id", "expected an id such as acct_1"));
    }
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(Failure::field("currency", "expected a currency such as usd"));
    }
    stripe.add_account(id, currency);
    let (company, professional) = (text("company_id"), text("professional_id"));
    if !company.is_empty() {
        stripe.name_account_owner(id, company, professional);
    }
    if !reason.is_empty() {
        stripe.restrict_account(id, Some(reason));
    }
    Ok(id.to_owned())
}

#[cfg(test)]
mod tests;
