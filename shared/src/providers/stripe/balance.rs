//! Our own balance at Stripe, every line of it, and what happened there.

use chrono::serde::ts_seconds;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::form::Form;
use super::line::LineSource;
use super::list::{Created, ListCursor};
use crate::domain::kernel::money::Currency;

/// What we have, by currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Balance {
    /// What can be transferred now.
    pub available: Vec<Share>,
    /// What will be available later.
    #[serde(default)]
    pub pending: Vec<Share>,
}

/// How much there is in one currency; below zero where we owe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Share {
    pub amount: i64,
    /// In Stripe's word, which is not always an ISO code.
    pub currency: String,
}

impl Balance {
    /// What can be transferred now in one currency.
    pub fn available(&self, currency: &Currency) -> i64 {
        let share = self.available.iter().find(|share| share.currency == currency.as_str());
        share.map_or(0, |share| share.amount)
    }
}

/// Which lines of the balance are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BalanceFilter {
    /// Of this type, such as `transfer`, `charge`, `refund`.
    pub kind: Option<String>,
    /// Made in this time.
    pub created: Created,
}

impl BalanceFilter {
    /// What moved a line is asked for whole: it tells whose the line is.
    pub(super) fn form(&self, from: &ListCursor) -> Form {
        let form = Form::default().with("expand[]", "data.source").with_some("type", self.kind.as_ref());
        form.with_created(self.created).with_page(from)
    }
}

/// One line of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BalanceTransaction {
    pub id: String,
    /// What moved: below zero where it left.
    pub amount: i64,
    /// What Stripe kept of it.
    pub fee: i64,
    /// What reached the balance.
    pub net: i64,
    pub currency: String,
    /// `charge`, `transfer`, `transfer_refund`, `refund`, `refund_failure`, `adjustment`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What moved it, where it was anything that Stripe names.
    #[serde(default)]
    pub source: Option<LineSource>,
    #[serde(with = "ts_seconds")]
    pub created: DateTime<Utc>,
    /// From when on it can be transferred.
    #[serde(with = "ts_seconds")]
    pub available_on: DateTime<Utc>,
}

/// Which events are looked for. Stripe keeps them for 30 days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Of these types, at most 20; all where there are none.
    pub types: Vec<String>,
    /// Made in this time.
    pub created: Created,
    /// Only those that were, or were not, delivered to every endpoint.
    pub delivered: Option<bool>,
}

impl EventFilter {
    pub(super) fn form(&self, from: &ListCursor) -> Form {
        let form = self.types.iter().fold(Form::default(), |form, kind| form.with("types[]", kind));
        form.with_some("delivery_success", self.delivered).with_created(self.created).with_page(from)
    }
}

/// An event as it was delivered, or should have been.
#[derive(Debug, Clone, PartialEq)]
pub struct FetchedEvent {
    /// `evt_…`: what a second delivery is told by.
    pub id: String,
    /// All of it, as a webhook would have brought it.
    pub body: Value,
}

impl<'de> Deserialize<'de> for FetchedEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let body = Value::deserialize(deserializer)?;
        let id = body["id"].as_str().ok_or_else(|| serde::de::Error::missing_field("id"))?;
        Ok(Self { id: id.to_owned(), body })
    }
}
