//! Delivery events in Resend's shapes, and its suppression list.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where Resend takes mail for tests.
const TEST_DOMAIN: &str = "@resend.dev";

/// What can happen to a mail or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailOutcome {
    /// A hard bounce; the address is added to the suppression list.
    Bounced,
    /// The mail server refused it for a passing reason, such as a full mailbox.
    BouncedForNow,
    /// A spam complaint; the address is added to the suppression list.
    Complained,
    /// It is still tried.
    Delayed,
    /// Resend could not send it, for a reason that is not the address.
    Failed,
    Delivered,
    /// The address was added to the suppression list by hand.
    Blocked,
    /// The address was taken off the suppression list.
    Unblocked,
}

impl MailOutcome {
    /// The outcome of a name as `bounced` or `delayed`.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(Value::String(name.to_owned())).ok()
    }

    /// How a mail to one of Resend's test addresses ends.
    fn of_test_address(address: &str) -> Option<Self> {
        let local = address.strip_suffix(TEST_DOMAIN)?;
        Self::named(local.split('+').next()?)
            .filter(|outcome| matches!(outcome, Self::Bounced | Self::Complained | Self::Delivered))
    }
}

/// One change of the state, as it is journaled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// An event to deliver by webhook.
    Event {
        id: String,
        body: Value,
    },
    Suppressed(String),
    Unsuppressed(String),
    /// A subscriber took the event.
    Delivered(String),
}

/// The events and the suppression list.
#[derive(Debug, Clone, Default)]
pub(super) struct MailEvents {
    events: BTreeMap<String, Value>,
    undelivered: BTreeSet<String>,
    suppressed: BTreeSet<String>,
}

impl MailEvents {
    pub(super) fn apply(&mut self, change: Change) {
        match change {
            Change::Event { id, body } => {
                self.undelivered.insert(id.clone());
                self.events.insert(id, body);
            }
            Change::Suppressed(address) => drop(self.suppressed.insert(address)),
            Change::Unsuppressed(address) => drop(self.suppressed.remove(&address)),
            Change::Delivered(id) => drop(self.undelivered.remove(&id)),
        }
    }

    pub(super) fn is_suppressed(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let is_test = address
            .strip_suffix(TEST_DOMAIN)
            .is_some_and(|local| local.split('+').next() == Some("suppressed"));
        is_test || self.suppressed.contains(&address)
    }

    pub(super) fn undelivered(&self) -> Vec<(String, Value)> {
        let body = |id: &String| self.events.get(id).map(|body| (id.clone(), body.clone()));
        self.undelivered.iter().filter_map(body).collect()
    }

    /// The events that follow from a mail at once: none for most addresses.
    pub(super) fn of_mail(
        &self,
        answer: &Value,
        request: &Value,
        reached: &[String],
        suppressed: &[String],
        at: DateTime<Utc>,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for address in suppressed {
            let mut data = mail_data(&answer["id"], request, address, at);
            data["suppressed"] = json!({
                "type": "OnAccountSuppressionList",
                "message": "Resend has suppressed sending to this address because it is on the account-level suppression list.",
            });
            changes.push(self.event(changes.len(), "email.suppressed", data, at));
        }
        for address in reached {
            if let Some(outcome) = MailOutcome::of_test_address(&address.to_lowercase()) {
                let data = mail_data(&answer["id"], request, address, at);
                changes.extend(self.changes(changes.len(), address, outcome, data, at));
            }
        }
        changes
    }

    /// The changes that follow from an event about an earlier mail.
    pub(super) fn of_outcome(&self, address: &str, outcome: MailOutcome, at: DateTime<Utc>) -> Vec<Change> {
        let request = json!({"from": "Shop <shop@example.com>", "subject": "A mail"});
        let id = json!("00000000-0000-4000-8000-000000000000");
        self.changes(0, address, outcome, mail_data(&id, &request, address, at), at)
    }

    fn changes(
        &self,
        offset: usize,
        address: &str,
        outcome: MailOutcome,
        mut data: Value,
        at: DateTime<Utc>,
    ) -> Vec<Change> {
        let address = address.to_lowercase();
        let (kind, change) = match outcome {
            MailOutcome::Bounced => ("email.bounced", Some(Change::Suppressed(address.clone()))),
            MailOutcome::BouncedForNow => ("email.bounced", None),
            MailOutcome::Complained => ("email.complained", Some(Change::Suppressed(address.clone()))),
            MailOutcome::Delayed => ("email.delivery_delayed", None),
            MailOutcome::Failed => ("email.failed", None),
            MailOutcome::Delivered => ("email.delivered", None),
            MailOutcome::Blocked => ("suppression.added", Some(Change::Suppressed(address.clone()))),
            MailOutcome::Unblocked => ("suppression.removed", Some(Change::Unsuppressed(address.clone()))),
        };
        match outcome {
            MailOutcome::Bounced => {
                data["bounce"] = json!({"type": "Permanent", "subType": "General", "message": "550 5.1.1 The mailbox does not exist."});
            }
            MailOutcome::BouncedForNow => {
                data["bounce"] = json!({"type": "Transient", "subType": "MailboxFull", "message": "452 4.2.2 The mailbox is full."});
            }
            MailOutcome::Failed => data["failed"] = json!({"reason": "reached_daily_quota"}),
            MailOutcome::Blocked | MailOutcome::Unblocked => {
                data = json!({"id": data["email_id"], "email": address, "origin": "manual", "source_id": null, "created_at": written(at)});
            }
            _ => {}
        }
        std::iter::once(self.event(offset, kind, data, at)).chain(change).collect()
    }

    /// Ids count up, so that they have the order of the events.
    fn event(&self, offset: usize, kind: &str, data: Value, at: DateTime<Utc>) -> Change {
        let id = format!("msg_resend_{:08}", self.events.len() + offset + 1);
        Change::Event { id, body: json!({"type": kind, "created_at": written(at), "data": data}) }
    }
}

fn mail_data(id: &Value, request: &Value, address: &str, at: DateTime<Utc>) -> Value {
    json!({
        "created_at": written(at),
        "email_id": id,
        "message_id": format!("<{}@resend.dev>", id.as_str().unwrap_or_default()),
        "from": request["from"],
        "to": [address],
        "subject": request["subject"],
    })
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
