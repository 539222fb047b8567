//! The platform's balance at Stripe, its transactions, and the list of events.

use chrono::serde::ts_seconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::form::Form;
use super::line::LineSource;
use super::list::{Created, ListCursor};
use crate::domain::kernel::money::Currency;

/// The balance by currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Balance {
    /// Available for transfers now.
    pub available: Vec<Share>,
    #[serde(default)]
    pub pending: Vec<Share>,
}

/// The amount in one currency; negative if we owe it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Share {
    pub amount: i64,
    /// Stripe's code, which is not always an ISO code.
    pub currency: String,
}

impl Balance {
    /// The amount that can be transferred now in one currency, in minor units.
    pub fn available(&self, currency: &Currency) -> i64 {
        let share = self.available.iter().find(|share| share.currency == currency.as_str());
        share.map_or(0, |share| share.amount)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceFilter {
    /// The type, such as `transfer`, `charge`, `refund`.
    pub kind: Option<String>,
    pub created: Created,
}

impl BalanceFilter {
    /// Expands the source, which tells the owner of the transaction.
    pub(super) fn form(&self, from: &ListCursor) -> Form {
        let form = Form::default().with("expand[]", "data.source").with_some("type", self.kind.as_ref());
        form.with_created(self.created).with_page(from)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BalanceTransaction {
    pub id: String,
    /// In minor units; negative if money left the balance.
    pub amount: i64,
    pub fee: i64,
    /// The amount less the fee.
    pub net: i64,
    pub currency: String,
    /// `charge`, `transfer`, `transfer_refund`, `refund`, `refund_failure`, `adjustment`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The object that caused it, if Stripe names one.
    #[serde(default)]
    pub source: Option<LineSource>,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
    /// When the amount becomes available for transfers.
    #[serde(with = "ts_seconds")]
    pub available_on: DateTime<Utc>,
}

/// Selects events. Stripe stores them for 30 days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// At most 20 types; empty means all.
    pub types: Vec<String>,
    pub created: Created,
    /// Whether they were delivered to every endpoint; `None` means both.
    pub delivered: Option<bool>,
}

impl EventFilter {
    pub(super) fn form(&self, from: &ListCursor) -> Form {
        let form = self.types.iter().fold(Form::default(), |form, kind| form.with("types[]", kind));
        form.with_some("delivery_success", self.delivered).with_created(self.created).with_page(from)
    }
}

/// An event as Stripe delivered it or should have.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchedEvent {
    /// `evt_…`, which identifies repeated deliveries.
    pub id: String,
    /// The whole event, as a webhook would contain it.
    pub body: Value,
}

impl<'de> Deserialize<'de> for FetchedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(deserializer)?;
        let id = body["id"].as_str().ok_or_else(|| serde::de::Error::missing_field("id"))?;
        Ok(Self { id: id.to_owned(), body })
    }
}
