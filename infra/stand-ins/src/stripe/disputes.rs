//! Disputes: the customer's bank takes a whole charge back until the dispute is decided.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::StripeStandIn;
use super::change::Change;
use super::customer_actions::charge_of;
use super::transaction::StripeTransaction;
use super::world::Charge;

/// The dispute of a charge; there is at most one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub status: DisputeStatus,
    /// When it was opened.
    pub created: DateTime<Utc>,
}

/// The statuses of a dispute that occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputeStatus {
    NeedsResponse,
    Won,
    Lost,
}

/// These panic like everything that happens outside.
impl StripeStandIn {
    /// The customer's bank takes the money back until the dispute is decided.
    pub fn open_dispute(&self, intent_id: &str) {
        self.happens(|transaction| {
            let mut charge = charge_of(transaction, intent_id);
            let id = format!("dp_{}", charge.id);
            let dispute = Dispute { id, status: DisputeStatus::NeedsResponse, created: transaction.now };
            let taken = (-charge.amount_captured, 0, charge.currency.as_str());
            transaction.line("adjustment", Some(&dispute.id), taken, transaction.now);
            dispute_event(transaction, "created", &charge, &dispute);
            dispute_event(transaction, "funds_withdrawn", &charge, &dispute);
            charge.dispute = Some(dispute);
            transaction.put(Change::Charge(Box::new(charge)));
        });
    }

    /// The dispute is decided; if it is won, the money is returned.
    pub fn close_dispute(&self, intent_id: &str, won: bool) {
        self.happens(|transaction| {
            let mut charge = charge_of(transaction, intent_id);
            let open = charge.dispute.take().filter(|dispute| dispute.status == DisputeStatus::NeedsResponse);
            let mut dispute = open.unwrap_or_else(|| panic!("{intent_id} has no open dispute"));
            dispute.status = if won { DisputeStatus::Won } else { DisputeStatus::Lost };
            if won {
                let back = (charge.amount_captured, 0, charge.currency.as_str());
                transaction.line("adjustment", Some(&dispute.id), back, transaction.now);
                dispute_event(transaction, "funds_reinstated", &charge, &dispute);
            }
            dispute_event(transaction, "closed", &charge, &dispute);
            charge.dispute = Some(dispute);
            transaction.put(Change::Charge(Box::new(charge)));
        });
    }
}

impl Charge {
    /// Whether the customer's bank has the money, for now or for good.
    pub fn is_charged_back(&self) -> bool {
        self.dispute.as_ref().is_some_and(|dispute| dispute.status != DisputeStatus::Won)
    }
}

fn dispute_event(transaction: &mut StripeTransaction<'_>, what: &str, charge: &Charge, dispute: &Dispute) {
    transaction.event(&format!("charge.dispute.{what}"), dispute.shape(charge));
}

impl Dispute {
    pub(super) fn shape(&self, charge: &Charge) -> Value {
        json!({
            "id": self.id,
            "object": "dispute",
            "amount": charge.amount_captured,
            "charge": charge.id,
            "created": self.created.timestamp(),
            "currency": charge.currency,
            "is_charge_refundable": false,
            "metadata": {},
            "payment_intent": charge.intent,
            "reason": "product_not_received",
            "status": self.status,
        })
    }
}
