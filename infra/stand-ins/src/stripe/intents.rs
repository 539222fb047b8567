//! PaymentIntents: create, retrieve, capture, cancel.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::StripeStandIn;
use super::answer::{ReadRequest, WriteRequest};
use super::change::Change;
use super::params::Params;
use super::refusal::Refusal;
use super::transaction::{StripeTransaction, id as next_id};
use super::world::{Charge, IntentStatus, PaymentIntent, World};
use crate::fault::Operation;
use crate::outbox::Kind;

const REASONS: [&str; 4] = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];

/// The statuses that can be cancelled, as Stripe's message lists them.
const CANCELABLE: &str =
    "requires_payment_method, requires_capture, requires_confirmation, requires_action, processing";

pub(super) async fn create(State(stripe): State<StripeStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let company = company_named(&body);
    let (operation, path) = (Operation::CreatePaymentIntent, "/v1/payment_intents".to_owned());
    let order = WriteRequest { operation, path, company, headers, body };
    stripe.execute(order, |transaction, params| transaction.create_intent(params)).await
}

pub(super) async fn show(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    asked: ReadRequest,
) -> Response {
    let read = move |world: &World, _, mut params: Params| {
        let whole = params.expands_charge()?;
        params.finish()?;
        world.intent(&id).map(|intent| intent.shape(whole.then(|| world.charge_of(intent)).flatten()))
    };
    stripe.answer_read(Operation::PaymentIntent, asked, read).await
}

pub(super) async fn capture(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let order = stripe.order_about(&id, Operation::Capture, "capture", headers, body);
    stripe.execute(order, move |transaction, params| transaction.capture_asked(&id, params)).await
}

pub(super) async fn cancel(
    State(stripe): State<StripeStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let order = stripe.order_about(&id, Operation::CancelPaymentIntent, "cancel", headers, body);
    stripe.execute(order, move |transaction, params| transaction.cancel_asked(&id, params)).await
}

/// The company that the caller's metadata names.
pub(super) fn company_named(body: &[u8]) -> Option<String> {
    Params::read(&String::from_utf8_lossy(body)).peek("metadata[company_id]").map(str::to_owned)
}

impl StripeStandIn {
    fn order_about(
        &self,
        id: &str,
        operation: Operation,
        verb: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> WriteRequest {
        let intent = self.state().intents.get(id).cloned();
        let company = intent.and_then(|intent| intent.metadata.get("company_id").cloned());
        WriteRequest { operation, path: format!("/v1/payment_intents/{id}/{verb}"), company, headers, body }
    }
}

impl StripeTransaction<'_> {
    fn create_intent(&mut self, mut params: Params) -> Result<Value, Refusal> {
        let (amount, currency) = (params.amount()?, params.currency()?);
        let manual_capture = match params.take("capture_method").as_deref() {
            Some("manual") => true,
            None | Some("automatic" | "automatic_async") => false,
            Some(other) => {
                return Err(Refusal::invalid(
                    Some("capture_method"),
                    format!("Invalid capture_method: {other}"),
                ));
            }
        };
        let (transfer_group, metadata) = (params.take("transfer_group"), params.metadata());
        params.expands_charge()?;
        params.finish()?;
        let intent = PaymentIntent {
            id: next_id("pi", self.world.intents.len()),
            status: IntentStatus::RequiresPaymentMethod,
            amount,
            amount_received: 0,
            currency,
            manual_capture,
            metadata,
            transfer_group,
            charge: None,
            created: self.now,
            canceled_at: None,
            cancellation_reason: None,
        };
        self.event("payment_intent.created", intent.shape(None));
        self.put(Change::PaymentIntent(Box::new(intent.clone())));
        Ok(intent.shape(None))
    }

    fn capture_asked(&mut self, id: &str, mut params: Params) -> Result<Value, Refusal> {
        let whole = params.expands_charge()?;
        params.finish()?;
        let intent = self.world.intent(id)?.clone();
        let charge = self.world.charge_of(&intent).cloned();
        let held = intent.status == IntentStatus::RequiresCapture;
        let Some(charge) = charge.filter(|_| held) else { return Err(intent.not_capturable()) };
        let charge_id = charge.id.clone();
        let intent = self.capture(intent, charge);
        self.leaves(Kind::Capture, id, json!({"amount": intent.amount, "currency": intent.currency}));
        Ok(intent.shape(whole.then(|| self.drafted_charge(&charge_id)).flatten()))
    }

    fn cancel_asked(&mut self, id: &str, mut params: Params) -> Result<Value, Refusal> {
        let (whole, reason) = (params.expands_charge()?, params.take("cancellation_reason"));
        if reason.as_ref().is_some_and(|reason| !REASONS.contains(&reason.as_str())) {
            return Err(Refusal::invalid(Some("cancellation_reason"), "Invalid cancellation_reason"));
        }
        params.finish()?;
        let intent = self.world.intent(id)?.clone();
        let over = [IntentStatus::Succeeded, IntentStatus::Canceled, IntentStatus::Processing];
        if over.contains(&intent.status) {
            return Err(intent.not_cancelable());
        }
        let intent = self.cancel(intent, reason.clone());
        self.leaves(Kind::Release, id, json!({"cancellation_reason": reason}));
        let charge = intent.charge.clone().filter(|_| whole);
        Ok(intent.shape(charge.and_then(|charge| self.drafted_charge(&charge))))
    }

    /// The charge as this call leaves it.
    fn drafted_charge(&self, id: &str) -> Option<&Charge> {
        self.changes().iter().rev().find_map(|change| match change {
            Change::Charge(charge) if charge.id == id => Some(&**charge),
            _ => None,
        })
    }
}

impl World {
    pub(super) fn charge_of(&self, intent: &PaymentIntent) -> Option<&Charge> {
        self.charges.get(intent.charge.as_ref()?)
    }

    fn intent(&self, id: &str) -> Result<&PaymentIntent, Refusal> {
        self.intents.get(id).ok_or_else(|| Refusal::no_such("payment_intent", id))
    }
}

impl PaymentIntent {
    /// The shape of the pinned version; the charge is its id unless it is given whole.
    pub(super) fn shape(&self, charge: Option<&Charge>) -> Value {
        let held = self.status == IntentStatus::RequiresCapture;
        json!({
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": if held { self.amount } else { 0 },
            "amount_received": self.amount_received,
            "canceled_at": self.canceled_at.map(|at| at.timestamp()),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": if self.manual_capture { "manual" } else { "automatic" },
            "client_secret": format!("{}_secret_sandbox", self.id),
            "created": self.created.timestamp(),
            "currency": self.currency,
            "latest_charge": charge.map_or_else(|| json!(self.charge), Charge::shape),
            "livemode": false,
            "metadata": self.metadata,
            "status": self.status,
            "transfer_group": self.transfer_group,
        })
    }

    fn not_capturable(&self) -> Refusal {
        self.unexpected(if self.status == IntentStatus::Succeeded {
            "This PaymentIntent could not be captured because it has already been captured.".to_owned()
        } else {
            format!(
                "This PaymentIntent could not be captured because it has a status of {}. Only a \
                 PaymentIntent with one of the following statuses may be captured: requires_capture.",
                self.status()
            )
        })
    }

    fn not_cancelable(&self) -> Refusal {
        self.unexpected(format!(
            "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with \
             one of the following statuses may be canceled: {CANCELABLE}.",
            self.status()
        ))
    }

    fn unexpected(&self, message: String) -> Refusal {
        let mut refusal = Refusal::found(Some("payment_intent_unexpected_state"), message);
        refusal.error["payment_intent"] = self.shape(None);
        refusal
    }

    fn status(&self) -> String {
        json!(self.status).as_str().unwrap_or_default().to_owned()
    }
}
