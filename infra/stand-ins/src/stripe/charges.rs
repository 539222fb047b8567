//! Charges: the payment of a PaymentIntent.

use chrono::Duration;
use serde_json::{Value, json};

use super::change::Change;
use super::transaction::StripeTransaction;
use super::world::{Charge, IntentStatus, PaymentIntent};

/// When the money of a charge can be transferred.
const SETTLES_AFTER_DAYS: i64 = 2;
/// Stripe's usual price: 2.9 % and 30 minor units.
const FEE_PER_MILLE: i64 = 29;
const FEE_FIXED: i64 = 30;

impl StripeTransaction<'_> {
    /// Captures the money of an authorized intent.
    pub(super) fn capture(&mut self, mut intent: PaymentIntent, mut charge: Charge) -> PaymentIntent {
        let available_on = self.now + Duration::days(SETTLES_AFTER_DAYS);
        let fee = charge.amount * FEE_PER_MILLE / 1_000 + FEE_FIXED;
        self.line("charge", Some(&charge.id), (charge.amount, fee, &charge.currency), available_on);
        charge.amount_captured = charge.amount;
        charge.available_on = Some(available_on);
        intent.status = IntentStatus::Succeeded;
        intent.amount_received = intent.amount;
        self.event("charge.captured", charge.shape());
        self.event("payment_intent.succeeded", intent.shape(None));
        self.put(Change::Charge(Box::new(charge)));
        self.put(Change::PaymentIntent(Box::new(intent.clone())));
        intent
    }

    /// Cancels an intent. A voided authorization counts as refunded, although no money had moved.
    pub(super) fn cancel(&mut self, mut intent: PaymentIntent, reason: Option<String>) -> PaymentIntent {
        let charge = self.world.charge_of(&intent).cloned();
        if let Some(mut charge) = charge {
            charge.amount_refunded = charge.amount;
            self.event("charge.refunded", charge.shape());
            self.put(Change::Charge(Box::new(charge)));
        }
        intent.status = IntentStatus::Canceled;
        intent.canceled_at = Some(self.now);
        intent.cancellation_reason = reason;
        self.event("payment_intent.canceled", intent.shape(None));
        self.put(Change::PaymentIntent(Box::new(intent.clone())));
        intent
    }

    /// Expires an authorization that was not captured in time.
    pub(super) fn lapse(&mut self, intent_id: &str) {
        if let Some(intent) = self.world.intents.get(intent_id).cloned() {
            if let Some(charge) = self.world.charge_of(&intent) {
                self.event("charge.expired", charge.shape());
            }
            self.cancel(intent, Some("automatic".to_owned()));
        }
    }
}

impl Charge {
    pub(super) fn shape(&self) -> Value {
        let held = self.amount_captured == 0 && self.amount_refunded == 0;
        json!({
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": self.amount_refunded,
            "captured": self.amount_captured > 0,
            "created": self.created.timestamp(),
            "currency": self.currency,
            "disputed": self.dispute.is_some(),
            "livemode": false,
            "metadata": self.metadata,
            "paid": true,
            "payment_intent": self.intent,
            "payment_method_details": {
                "type": "card",
                "card": {
                    "brand": "visa",
                    "capture_before": held.then(|| self.capture_before.timestamp()),
                },
            },
            "refunded": self.amount_refunded == self.amount,
            "status": "succeeded",
            "transfer_group": self.transfer_group,
        })
    }
}
