//! The state of Stripe: payments, transfers, accounts, balance transactions and events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::providers::stripe::Mode;

use super::disputes::Dispute;
use super::refunds::Refund;
use crate::base::keys::KeyMemory;

/// A PaymentIntent as Stripe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: IntentStatus,
    pub amount: i64,
    /// The amount captured so far.
    pub amount_received: i64,
    pub currency: String,
    /// Whether the money is only authorized and not captured.
    pub manual_capture: bool,
    pub metadata: BTreeMap<String, String>,
    /// The group that links the charge to its transfers.
    pub transfer_group: Option<String>,
    /// The charge, once the customer paid.
    pub charge: Option<String>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When it was cancelled.
    pub canceled_at: Option<DateTime<Utc>>,
    /// The reason; `automatic` for an expired authorization.
    pub cancellation_reason: Option<String>,
}

/// The statuses of a PaymentIntent that occur here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    RequiresPaymentMethod,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
}

/// A charge as Stripe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub id: String,
    pub intent: String,
    pub amount: i64,
    /// The amount captured so far.
    pub amount_captured: i64,
    /// The refunded or voided amount.
    pub amount_refunded: i64,
    /// The amount that transfers took from it.
    pub drawn: i64,
    pub currency: String,
    pub metadata: BTreeMap<String, String>,
    /// The group that links it to its transfers.
    pub transfer_group: Option<String>,
    /// The dispute, once there was one.
    pub dispute: Option<Dispute>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When the authorization expires.
    pub capture_before: DateTime<Utc>,
    /// When its money is available, once it was taken.
    pub available_on: Option<DateTime<Utc>>,
}

/// A transfer as Stripe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub destination: String,
    pub transfer_group: Option<String>,
    /// The charge it draws on.
    pub source_transaction: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// The description that the account's owner reads.
    pub description: Option<String>,
    /// Its line of the balance.
    pub line: String,
    /// The reversals: time and amount, oldest first.
    pub reversals: Vec<(DateTime<Utc>, i64)>,
    /// When it was made.
    pub created: DateTime<Utc>,
}

impl Transfer {
    /// The total of the reversals.
    pub fn amount_reversed(&self) -> i64 {
        self.reversals.iter().map(|(_, amount)| amount).sum()
    }
}

/// A connected account as Stripe keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub id: String,
    /// The currency of its payouts.
    pub default_currency: String,
    /// Why it takes no transfers and is not paid out.
    pub disabled_reason: Option<String>,
    /// Whether the account is deleted.
    pub deleted: bool,
    /// The metadata that the platform wrote.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A line of the balance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) source: Option<String>,
    pub(super) amount: i64,
    pub(super) fee: i64,
    pub(super) currency: String,
    pub(super) created: DateTime<Utc>,
    pub(super) available_on: DateTime<Utc>,
}

impl Line {
    pub(super) fn net(&self) -> i64 {
        self.amount - self.fee
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) created: DateTime<Utc>,
    pub(super) body: Value,
}

/// The whole state of the stand-in. Ids grow, so that keys have the order of creation.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub(super) intents: BTreeMap<String, PaymentIntent>,
    pub(super) charges: BTreeMap<String, Charge>,
    pub(super) transfers: BTreeMap<String, Transfer>,
    pub(super) refunds: BTreeMap<String, Refund>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) lines: BTreeMap<String, Line>,
    pub(super) events: BTreeMap<String, Event>,
    pub(super) undelivered: BTreeSet<String>,
    pub(super) keys: KeyMemory,
    /// The mode of the API key; test mode unless set.
    pub(super) mode: Option<Mode>,
    /// Keys whose first request is still in progress.
    pub(super) in_flight: BTreeSet<String>,
    /// Authorizations, by the time at which they expire.
    holds: BTreeSet<(DateTime<Utc>, String)>,
    /// Pending balance transactions, by the time at which they become available.
    coming: BTreeSet<(DateTime<Utc>, String)>,
    available: BTreeMap<String, i64>,
}

impl World {
    /// Whether it is the world in which money is real.
    pub(super) fn is_live(&self) -> bool {
        self.mode == Some(Mode::Live)
    }

    pub(super) fn put_intent(&mut self, intent: PaymentIntent) {
        if let Some(charge) = intent.charge.as_ref().and_then(|id| self.charges.get(id)) {
            let hold = (charge.capture_before, intent.id.clone());
            if intent.status == IntentStatus::RequiresCapture {
                self.holds.insert(hold);
            } else {
                self.holds.remove(&hold);
            }
        }
        self.intents.insert(intent.id.clone(), intent);
    }

    pub(super) fn put_line(&mut self, line: Line) {
        if line.available_on > line.created {
            self.coming.insert((line.available_on, line.id.clone()));
        } else {
            *self.available.entry(line.currency.clone()).or_default() += line.net();
        }
        self.lines.insert(line.id.clone(), line);
    }

    /// Money that was to come by `now` is there.
    pub(super) fn settle_until(&mut self, now: DateTime<Utc>) {
        while let Some((at, id)) = self.coming.pop_first() {
            if at > now {
                self.coming.insert((at, id));
                return;
            }
            if let Some(line) = self.lines.get(&id) {
                *self.available.entry(line.currency.clone()).or_default() += line.net();
            }
        }
    }

    /// The first authorization that has expired by `now`, and when.
    pub(super) fn lapsed_hold(&self, now: DateTime<Utc>) -> Option<(DateTime<Utc>, String)> {
        self.holds.first().filter(|(at, _)| *at <= now).cloned()
    }

    pub(super) fn available(&self, currency: &str) -> i64 {
        self.available.get(currency).copied().unwrap_or_default()
    }

    /// The available and the pending amounts, by currency.
    pub(super) fn shares(&self) -> (BTreeMap<String, i64>, BTreeMap<String, i64>) {
        let mut pending: BTreeMap<String, i64> = BTreeMap::new();
        for line in self.coming.iter().filter_map(|(_, id)| self.lines.get(id)) {
            *pending.entry(line.currency.clone()).or_default() += line.net();
        }
        (self.available.clone(), pending)
    }
}
