//! PaymentIntents: a customer's money, held and then taken or let go.

use std::collections::BTreeMap;

use chrono::serde::{ts_seconds, ts_seconds_option};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::form::Form;
use super::nullable::nullable;
use crate::domain::kernel::money::{Currency, Money};

/// A hold to ask the customer for. Once written down it is the exact request, for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPaymentIntent {
    /// How much is held.
    pub money: Money,
    /// What it belongs to, such as `booking_id` and `company_id`.
    pub metadata: BTreeMap<String, String>,
    /// Binds the charge to the transfers made of it.
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

/// Why a hold is let go, in the words Stripe knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// Nobody answered in time, or the professional declined.
    Abandoned,
    /// The customer changed their mind.
    RequestedByCustomer,
}

impl CancellationReason {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::RequestedByCustomer => "requested_by_customer",
        }
    }
}

/// A PaymentIntent as Stripe knows it now.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: PaymentIntentStatus,
    /// How much was asked for, in minor units.
    pub amount: i64,
    /// How much was taken.
    pub amount_received: i64,
    /// How much is held and can be taken.
    pub amount_capturable: i64,
    pub currency: Currency,
    /// What it belongs to.
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    /// Binds the charge to the transfers made of it.
    #[serde(default)]
    pub transfer_group: Option<String>,
    /// The last attempt to charge; expanded in every answer to us, an id in events.
    #[serde(default, deserialize_with = "expandable")]
    pub latest_charge: Option<LatestCharge>,
    /// With this the customer's browser may confirm it; only they may see it.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Why it was cancelled.
    #[serde(default)]
    pub cancellation_reason: Option<String>,
    /// When it was cancelled.
    #[serde(default, with = "ts_seconds_option")]
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it was made.
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
}

impl PaymentIntent {
    /// The charge, where it was expanded.
    pub fn charge(&self) -> Option<&Charge> {
        match &self.latest_charge {
            Some(LatestCharge::Whole(charge)) => Some(charge),
            _ => None,
        }
    }

    /// The charge's id: what a transfer names as its `source_transaction`.
    pub fn charge_id(&self) -> Option<&str> {
        match self.latest_charge.as_ref()? {
            LatestCharge::Id(id) => Some(id),
            LatestCharge::Whole(charge) => Some(&charge.id),
        }
    }

    /// When the hold lapses by itself, while there is one.
    pub fn capture_before(&self) -> Option<DateTime<Utc>> {
        self.charge().and_then(Charge::capture_before)
    }
}

/// The secret is left out.
impl std::fmt::Debug for PaymentIntent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaymentIntent({}, {:?}, {:?})", self.id, self.status, self.latest_charge)
    }
}

/// The statuses of a PaymentIntent, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum PaymentIntentStatus {
    /// Nobody has paid yet.
    RequiresPaymentMethod,
    /// The customer has still to confirm.
    RequiresConfirmation,
    /// The customer has still to do something, such as 3-D Secure.
    RequiresAction,
    /// It is being worked on; ask again later.
    Processing,
    /// The money is held and can be taken.
    RequiresCapture,
    /// The hold was let go, or nobody paid.
    Canceled,
    /// The money was taken.
    Succeeded,
    /// A status this version does not know.
    #[serde(other)]
    Unknown,
}

/// A charge, or its id where it was not expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LatestCharge {
    Id(String),
    Whole(Box<Charge>),
}

/// A charge as Stripe knows it now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Charge {
    pub id: String,
    /// How much was asked for, in minor units.
    pub amount: i64,
    /// How much was taken.
    pub amount_captured: i64,
    /// How much went back.
    pub amount_refunded: i64,
    pub currency: Currency,
    /// Whether it was taken.
    pub captured: bool,
    /// Whether the customer's bank disputes it, or did.
    pub disputed: bool,
    /// Whether all of it went back.
    pub refunded: bool,
    /// The PaymentIntent it belongs to.
    #[serde(default)]
    pub payment_intent: Option<String>,
    /// What it belongs to.
    #[serde(default, deserialize_with = "nullable")]
    pub metadata: BTreeMap<String, String>,
    /// How it was paid.
    #[serde(default)]
    payment_method_details: Option<MethodDetails>,
}

impl Charge {
    /// How much of what was taken went back. Where less was taken than was held, Stripe counts the rest,
    /// which nobody ever took, among what went back.
    pub fn amount_returned(&self) -> i64 {
        let never_taken = self.amount.saturating_sub(self.amount_captured).max(0);
        if self.captured { self.amount_refunded.saturating_sub(never_taken).max(0) } else { 0 }
    }

    /// When the hold lapses by itself.
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

/// By way of a `Value`, because numbers kept as text do not survive serde's own look ahead.
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
        assert_eq!(charge(true, 6_000, 4_000).amount_returned(), 0, "the rest of the hold was let go");
        assert_eq!(charge(true, 6_000, 5_500).amount_returned(), 1_500);
        assert_eq!(charge(false, 0, 10_000).amount_returned(), 0, "all of it was let go");
    }
}
