//! PaymentIntents: a customer's payment, which is authorized and then captured or voided.

use std::collections::BTreeMap;

use chrono::serde::{ts_seconds, ts_seconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::form::Form;
use super::nullable::nullable;
use crate::domain::kernel::money::{Currency, Money};

/// The request for a new PaymentIntent. It is stored before it is sent, so that a retry sends the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPaymentIntent {
    pub money: Money,
    pub metadata: BTreeMap<String, String>,
    pub transfer_group: String,
}

impl NewPaymentIntent {
    pub(super) fn form(&self) -> Form {
        Form::default()
            .with("amount", self.money.amount)
            .with("currency", self.money.currency.as_str())
            .with("capture_method", "manual")
            .with("transfer_group", &self.transfer_group)
            .with_metadata(&self.metadata)
    }
}

/// Why an authorization is voided, in Stripe's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CancellationReason {
    /// The professional declined or did not answer in time.
    Abandoned,
    RequestedByCustomer,
}

impl CancellationReason {
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A PaymentIntent as Stripe returns it; amounts are in minor units.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: PaymentIntentStatus,
    pub amount: i64,
    pub amount_received: i64,
    /// The authorized amount that can be captured.
    pub amount_capturable: i64,
    pub currency: Currency,
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    pub transfer_group: Option<String>,
    /// The last attempt to charge; expanded in answers to our calls, an id in events.
    #[serde(default, deserialize_with = "expandable")]
    pub latest_charge: Option<LatestCharge>,
    /// The customer's browser confirms the payment with it; it must be shown to the customer only.
    #[serde(default)]
    pub client_secret: Option<String>,
    #[serde(default)]
    pub cancellation_reason: Option<String>,
    #[serde(default, with = "ts_seconds_option")]
    pub canceled_at: Option<DateTime<Utc>>,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

impl PaymentIntent {
    /// The charge, if it was expanded.
    pub fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(LatestCharge::Whole(charge)) => Some(charge),
            _ => None,
        }
    }

    /// The charge's id, which a transfer names as its `source_transaction`.
    pub fn charge_id(&self) -> Option<&str> {
        match self.latest_charge.as_ref()? {
            LatestCharge::Id(id) => Some(id),
            LatestCharge::Whole(charge) => Some(&charge.id),
        }
    }

    /// When the authorization expires, if there is one.
    pub fn capture_before(&self) -> Option<DateTime<Utc>> {
        self.charge().and_then(Charge::capture_before)
    }
}

/// `Debug` does not show the client secret.
impl std::fmt::Debug for PaymentIntent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaymentIntent({}, {:?}, {:?})", self.id, self.status, self.latest_charge)
    }
}

/// Stripe's statuses of a PaymentIntent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum PaymentIntentStatus {
    /// The customer has not paid yet.
    RequiresPaymentMethod,
    /// The customer must confirm.
    RequiresConfirmation,
    /// The customer must act, such as for 3-D Secure.
    RequiresAction,
    /// Stripe or the bank is still processing it.
    Processing,
    /// The payment is authorized and can be captured.
    RequiresCapture,
    /// The authorization was voided, or the customer never paid.
    Canceled,
    Succeeded,
    #[serde(other)]
    Unknown,
}

/// A charge, or its id if it was not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatestCharge {
    Id(String),
    Whole(Box<Charge>),
}

/// A charge as Stripe returns it; amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Charge {
    pub id: String,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub currency: Currency,
    pub captured: bool,
    /// Whether there is or was a dispute.
    pub disputed: bool,
    /// Whether it was refunded in full.
    pub refunded: bool,
    #[serde(default)]
    pub payment_intent: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    #[serde(default)]
    payment_method_details: Option<MethodDetails>,
}

impl Charge {
    /// The refunded part of the captured amount. After a partial capture Stripe counts the uncaptured rest as
    /// refunded.
    pub fn amount_returned(&self) -> i64 {
        let never_taken = self.amount.saturating_sub(self.amount_captured).max(0);
        if self.captured { self.amount_refunded.saturating_sub(never_taken).max(0) } else { 0 }
    }

    /// When the authorization expires.
    pub fn capture_before(&self) -> Option<DateTime<Utc>> {
        self.payment_method_details.as_ref()?.card.as_ref()?.capture_before
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct MethodDetails {
    #[serde(default)]
    card: Option<CardDetails>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct CardDetails {
    #[serde(default, with = "ts_seconds_option")]
    capture_before: Option<DateTime<Utc>>,
}

/// Deserializes through a `Value`, because numbers kept as text do not survive serde's buffering.
fn expandable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<LatestCharge>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(id) => Ok(Some(LatestCharge::Id(id))),
        object => serde_json::from_value(object)
            .map(|charge| Some(LatestCharge::Whole(charge)))
            .map_err(serde::de::Error::custom),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charge(captured: bool, amount_captured: i64, amount_refunded: i64) -> Charge {
        let body = format!(
            r#"{{"id":"ch_1","amount":10000,"amount_captured":{amount_captured},"currency":"usd","disputed":false,
                "amount_refunded":{amount_refunded},"captured":{captured},"refunded":false}}"#
        );
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn what_was_never_taken_did_not_go_back() {
        assert_eq!(charge(true, 10_000, 2_500).amount_returned(), 2_500);
        assert_eq!(
            charge(true, 6_000, 4_000).amount_returned(),
            0,
            "the rest of the authorization was released"
        );
        assert_eq!(charge(true, 6_000, 5_500).amount_returned(), 1_500);
        assert_eq!(charge(false, 0, 10_000).amount_returned(), 0, "all of it was voided");
    }
}
