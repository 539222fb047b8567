//! Payments of memberships: retrieved by id and reported by webhooks.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::WhopStandIn;
use super::answer::Refusal;
use super::change::Change;
use super::shape::{Shape, iso, shape_payment};
use crate::fault::Operation;

/// A payment as Whop keeps it: how its newest attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    pub id: String,
    pub company_id: String,
    /// The id of the membership, `mem_…`.
    pub membership_id: String,
    pub user_id: String,
    /// The buyer's address; `None` where a missing permission keeps it back.
    pub email: Option<String>,
    /// The product that was bought, `prod_…`.
    pub product_id: String,
    /// The billing reason, one of Whop's codes.
    pub billing_reason: String,
    /// Lower-case ISO 4217, of two decimals.
    pub currency: String,
    /// How much, in cents.
    pub amount_cents: i64,
    /// Whether the newest attempt failed.
    pub failed: bool,
    pub at: DateTime<Utc>,
}

pub(super) async fn show(
    State(whop): State<WhopStandIn>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let known = whop.state().payments.get(&id).cloned();
    let company = known.as_ref().map(|payment| payment.company_id.clone());
    let act = move |_: &WhopStandIn, _: &HeaderMap, shape: Shape| {
        let payment = known.ok_or_else(|| Refusal::not_found("the payment"))?;
        Ok(shape_payment(&payment, shape))
    };
    whop.answer_authorized(Operation::Payments, company, headers, act).await
}

impl WhopStandIn {
    /// Adds a payment, or how its next attempt ended.
    pub fn add_payment(&self, payment: Payment) {
        self.commit(&mut self.state(), vec![], vec![Change::Payment(Box::new(payment))]);
    }

    /// The webhook about a payment, in the current shape.
    pub fn payment_event(&self, payment: &Payment) -> Value {
        let shape = self.shape();
        let name = if payment.failed { "payment.failed" } else { "payment.succeeded" };
        let data = shape_payment(payment, shape);
        let id = format!("msg_{name}_{}_{}", payment.id, payment.at.timestamp());
        envelope(shape, &id, name, (&payment.company_id, payment.at), data)
    }

    /// The webhook about a membership, in the current shape; `None` if there is no such membership.
    pub fn membership_event(&self, name: &str, membership_id: &str) -> Option<Value> {
        let (shape, at) = (self.shape(), self.now());
        let world = self.state();
        let membership = world.memberships.get(membership_id)?;
        let data = world.shape(membership, shape);
        let id = format!("msg_{name}_{membership_id}_{}", at.timestamp_millis());
        Some(envelope(shape, &id, name, (&membership.company_id, at), data))
    }
}

/// The common fields of every version 1 webhook.
fn envelope(shape: Shape, id: &str, name: &str, (company, at): (&str, DateTime<Utc>), data: Value) -> Value {
    match shape {
        Shape::Dated => json!({
            "id": id,
            "api_version": "v1",
            "api_version_date": super::API_VERSION_DATE,
            "type": name,
            "timestamp": iso(at),
            "account_id": company,
            "data": data,
        }),
        Shape::Undated => json!({
            "id": id,
            "api_version": "v1",
            "type": name,
            "timestamp": iso(at),
            "company_id": company,
            "data": data,
        }),
    }
}
