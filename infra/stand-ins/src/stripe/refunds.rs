//! Refunds: refund a captured charge, list refunds, and fail a refund that the bank returned.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::StripeStandIn;
use super::answer::{ReadRequest, WriteRequest};
use super::change::Change;
use super::intents::company_named;
use super::list::page;
use super::params::Params;
use super::refusal::Refusal;
use super::transaction::{StripeTransaction, id as next_id};
use super::world::{Charge, World};
use crate::fault::Operation;
use crate::outbox::Kind;

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

/// A refund as Stripe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: String,
    /// The PaymentIntent it belongs to.
    pub intent: String,
    /// The charge it is of.
    pub charge: String,
    pub amount: i64,
    pub currency: String,
    /// The reason, one of Stripe's codes.
    pub reason: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// Its line of the balance.
    pub line: String,
    /// The line that brought the money back, where the customer's bank returned it.
    pub failure_line: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

pub(super) async fn create(State(stripe): State<StripeStandIn>, headers: HeaderMap, body: Bytes) -> Response {
    let company = company_named(&body);
    let (operation, path) = (Operation::CreateRefund, "/v1/refunds".to_owned());
    let order = WriteRequest { operation, path, company, headers, body };
    stripe.execute(order, |transaction, params| transaction.refund_asked(params)).await
}

pub(super) async fn list(State(stripe): State<StripeStandIn>, asked: ReadRequest) -> Response {
    let read = |world: &World, _, mut params: Params| {
        let (intent, charge) = (params.take("payment_intent"), params.take("charge"));
        let created = params.created()?;
        let wanted = |refund: &Refund| {
            intent.as_ref().is_none_or(|intent| refund.intent == *intent)
                && charge.as_ref().is_none_or(|charge| refund.charge == *charge)
                && created(refund.created)
        };
        page(("refund", &world.refunds), params, wanted, Refund::shape)
    };
    stripe.answer_read(Operation::Refunds, asked, read).await
}

impl StripeTransaction<'_> {
    fn refund_asked(&mut self, mut params: Params) -> Result<Value, Refusal> {
        let intent = params.required("payment_intent")?;
        let asked = params.peek("amount").is_some().then(|| params.amount()).transpose()?;
        let (reason, metadata) = (params.take("reason"), params.metadata());
        if reason.as_ref().is_some_and(|reason| !REASONS.contains(&reason.as_str())) {
            return Err(Refusal::invalid(Some("reason"), "Invalid reason"));
        }
        params.finish()?;
        let charge = self.world.charge_to_refund(&intent)?.clone();
        let amount = asked.unwrap_or(charge.kept());
        if amount > charge.kept() {
            return Err(charge.holds_less_than(amount));
        }
        let refund = self.refund(charge, amount, reason, metadata);
        let detail = json!({
            "refund": refund.id,
            "amount": amount,
            "currency": refund.currency,
            "reason": refund.reason,
            "metadata": refund.metadata,
        });
        self.leaves(Kind::Refund, &refund.intent, detail);
        Ok(refund.shape())
    }

    /// Gives money of a charge back. It leaves the balance at once, below zero if need be.
    pub(super) fn refund(
        &mut self,
        mut charge: Charge,
        amount: i64,
        reason: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Refund {
        let id = next_id("re", self.world.refunds.len());
        let line = self.line("refund", Some(&id), (-amount, 0, &charge.currency), self.now);
        charge.amount_refunded += amount;
        let refund = Refund {
            id,
            intent: charge.intent.clone(),
            charge: charge.id.clone(),
            amount,
            currency: charge.currency.clone(),
            reason,
            metadata,
            line,
            failure_line: None,
            created: self.now,
        };
        self.event("charge.refunded", charge.shape());
        self.event("refund.created", refund.shape());
        self.put(Change::Charge(Box::new(charge)));
        self.put(Change::Refund(Box::new(refund.clone())));
        refund
    }

    /// The customer's bank returns a refund. No event carries the charge, whose refunded total fell.
    pub(super) fn fail_refund(&mut self, mut charge: Charge, mut refund: Refund) {
        let back = (refund.amount, 0, refund.currency.as_str());
        refund.failure_line = Some(self.line("refund_failure", Some(&refund.id), back, self.now));
        charge.amount_refunded -= refund.amount;
        self.event("refund.failed", refund.shape());
        self.event("charge.refund.updated", refund.shape());
        self.put(Change::Charge(Box::new(charge)));
        self.put(Change::Refund(Box::new(refund)));
    }
}

impl World {
    /// The charge of an intent, if any of it can go back.
    fn charge_to_refund(&self, intent_id: &str) -> Result<&Charge, Refusal> {
        let intent = self.intents.get(intent_id);
        let intent =
            intent.ok_or_else(|| Refusal::no_such_named("payment_intent", "payment_intent", intent_id))?;
        let Some(charge) = self.charge_of(intent).filter(|charge| charge.amount_captured > 0) else {
            let message =
                format!("This PaymentIntent ({intent_id}) does not have a successful charge to refund.");
            return Err(Refusal::found(None, message));
        };
        if charge.is_charged_back() {
            let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
            return Err(Refusal::found(Some("charge_disputed"), message));
        }
        if charge.kept() == 0 {
            let message = format!("Charge {} has already been refunded.", charge.id);
            return Err(Refusal::found(Some("charge_already_refunded"), message));
        }
        Ok(charge)
    }
}

impl Charge {
    /// The captured amount that was not refunded. A voided authorization counts as refunded, and nothing was
    /// captured.
    pub fn kept(&self) -> i64 {
        (self.amount_captured - self.amount_refunded).max(0)
    }

    /// Stripe sends no code here, and another message once a part was refunded.
    fn holds_less_than(&self, amount: i64) -> Refusal {
        let (kept, currency) = (self.kept(), &self.currency);
        let what = if self.amount_refunded > 0 { "unrefunded amount on charge" } else { "charge amount" };
        let message =
            format!("Refund amount ({amount} {currency}) is greater than {what} ({kept} {currency})");
        let mut refusal = Refusal::found(None, message);
        refusal.error["param"] = json!("amount");
        refusal
    }
}

impl Refund {
    /// Whether the customer's bank returned the money.
    pub fn has_failed(&self) -> bool {
        self.failure_line.is_some()
    }

    pub(super) fn shape(&self) -> Value {
        let failed = self.has_failed();
        json!({
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.line,
            "charge": self.charge,
            "created": self.created.timestamp(),
            "currency": self.currency,
            "failure_balance_transaction": self.failure_line,
            "failure_reason": failed.then_some("expired_or_canceled_card"),
            "metadata": self.metadata,
            "payment_intent": self.intent,
            "reason": self.reason,
            "status": if failed { "failed" } else { "succeeded" },
        })
    }
}
