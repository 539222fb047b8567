//! The pending changes of one call, before they are journaled.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::API_VERSION;
use super::change::Change;
use super::world::{Event, Line, World};
use crate::outbox::{Entry, Kind, Provider};

/// The changes and effects of one call; nothing of them is there before they are written together.
pub(super) struct StripeTransaction<'w> {
    pub(super) world: &'w World,
    pub(super) now: DateTime<Utc>,
    key: Option<String>,
    sent: Vec<Entry>,
    changes: Vec<Change>,
}

impl<'w> StripeTransaction<'w> {
    pub(super) fn new(world: &'w World, now: DateTime<Utc>, key: Option<String>) -> Self {
        Self { world, now, key, sent: Vec::new(), changes: Vec::new() }
    }

    pub(super) fn into_parts(self) -> (Vec<Entry>, Vec<Change>) {
        (self.sent, self.changes)
    }

    /// The changes so far.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    pub(super) fn put(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// An external effect that the client requested.
    pub(super) fn leaves(&mut self, kind: Kind, to: &str, detail: Value) {
        let (at, idempotency_key) = (self.now, self.key.clone());
        self.sent.push(Entry {
            at,
            provider: Provider::Stripe,
            kind,
            to: to.to_owned(),
            detail,
            idempotency_key,
        });
    }

    /// An event of our own account.
    pub(super) fn event(&mut self, kind: &str, object: Value) {
        self.event_at(None, kind, object);
    }

    /// An event of a connected account, or of our own.
    pub(super) fn event_at(&mut self, account: Option<&str>, kind: &str, object: Value) {
        let made = self.changes.iter().filter(|change| matches!(change, Change::Event(_))).count();
        let id = id("evt", self.world.events.len() + made);
        let mut body = json!({
            "id": id,
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now.timestamp(),
            "data": {"object": object},
            "livemode": self.world.is_live(),
            "pending_webhooks": 1,
            "request": {"id": null, "idempotency_key": self.key},
            "type": kind,
        });
        if let Some(account) = account {
            body["account"] = json!(account);
            body["context"] = json!(account);
        }
        set_livemode(&mut body, self.world.is_live());
        let (kind, created) = (kind.to_owned(), self.now);
        self.put(Change::Event(Event { id, kind, created, body }));
    }

    /// Adds a balance transaction, available at `available_on`, and returns its id.
    pub(super) fn line(
        &mut self,
        kind: &str,
        source: Option<&str>,
        (amount, fee, currency): (i64, i64, &str),
        available_on: DateTime<Utc>,
    ) -> String {
        let made = self.changes.iter().filter(|change| matches!(change, Change::Line(_))).count();
        let id = id("txn", self.world.lines.len() + made);
        self.put(Change::Line(Line {
            id: id.clone(),
            kind: kind.to_owned(),
            source: source.map(str::to_owned),
            amount,
            fee,
            currency: currency.to_owned(),
            created: self.now,
            available_on: available_on.max(self.now),
        }));
        id
    }
}

/// An id that sorts behind all before it.
pub(super) fn id(prefix: &str, before: usize) -> String {
    format!("{prefix}_{:010}", before + 1)
}

/// Gives every object in an answer or an event the mode of its world.
pub(super) fn set_livemode(value: &mut Value, is_live: bool) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| set_livemode(value, is_live)),
        Value::Object(members) => {
            for (name, value) in members {
                match name.as_str() {
                    "livemode" => *value = json!(is_live),
                    // The client's metadata, with any names.
                    "metadata" => {}
                    _ => set_livemode(value, is_live),
                }
            }
        }
        _ => {}
    }
}
