//! The changes Stripe's world can undergo: the same ones when they happen and when they are read back.

use serde::{Deserialize, Serialize};

use super::refunds::Refund;
use super::world::{Account, Charge, Event, Line, PaymentIntent, Transfer, World};
use crate::base::JournaledState;
use crate::base::keys::UsedKey;

/// One change, as the journal keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// A new or changed charge; it precedes its PaymentIntent.
    Charge(Box<Charge>),
    /// The PaymentIntent was made, or is like this now.
    #[serde(alias = "idempotency_key")]
    PaymentIntent(Box<PaymentIntent>),
    /// The transfer was made, or is like this now.
    Transfer(Box<Transfer>),
    /// The refund was made, or is like this now.
    Refund(Box<Refund>),
    /// The account was added, or is like this now.
    Account(Account),
    /// The balance has one more line.
    Line(Line),
    /// An event for the subscribers.
    Event(Event),
    /// A subscriber has taken the event.
    Delivered(String),
    /// The key is bound to its request and answer.
    KeyUsed(UsedKey),
}

impl JournaledState for World {
    const NAME: &'static str = "stripe";
    type Changes = Vec<Change>;

    fn apply(&mut self, changes: Vec<Change>) {
        for change in changes {
            match change {
                Change::Charge(charge) => {
                    self.charges.insert(charge.id.clone(), *charge);
                }
                Change::PaymentIntent(intent) => self.put_intent(*intent),
                Change::Transfer(transfer) => {
                    self.transfers.insert(transfer.id.clone(), *transfer);
                }
                Change::Refund(refund) => {
                    self.refunds.insert(refund.id.clone(), *refund);
                }
                Change::Account(account) => {
                    self.accounts.insert(account.id.clone(), account);
                }
                Change::Line(line) => self.put_line(line),
                Change::Event(event) => {
                    self.undelivered.insert(event.id.clone());
                    self.events.insert(event.id.clone(), event);
                }
                Change::Delivered(id) => {
                    self.undelivered.remove(&id);
                }
                Change::KeyUsed(used) => self.keys.remember(used),
            }
        }
    }
}
