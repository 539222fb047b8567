//! Everything that would have left the system, in the order it would have left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::{ForeignRecord, Journal, Record};

/// The names of effects, and of the mark that all earlier ones are dropped, in the journal.
const SENT: &str = "sent";
const CLEARED: &str = "outbox_cleared";

/// The append-only list of effects. A duplicate effect is two entries.
#[derive(Debug, Clone, Default)]
pub struct Outbox {
    entries: Arc<Mutex<Vec<Entry>>>,
    journal: Journal,
}

/// One effect that a provider performed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When, by the sandbox's clock.
    pub at: DateTime<Utc>,
    pub provider: Provider,
    pub kind: Kind,
    /// The recipient: a user id, a mail address, a membership id.
    pub to: String,
    /// The request, in the provider's own format.
    pub detail: Value,
    /// The key the request bore, whether or not the provider honours one here.
    pub idempotency_key: Option<String>,
}

/// A provider that has a stand-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Memberships, pushes and direct messages.
    Whop,
    Resend,
    Oidc,
    Stripe,
    EventBridge,
    #[serde(rename = "posthog")]
    PostHog,
    Sentry,
    BetterStack,
    Healthchecks,
}

/// The kinds of effect that the stand-ins record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A notification on one user's device.
    Push,
    /// A direct message to one user.
    Dm,
    /// A mail to one address.
    Mail,
    /// Free days added to a membership.
    FreeDays,
    /// A membership's end set to its period's end, or that taken back.
    Cancel,
    /// A membership ended at once.
    Terminate,
    /// A customer's money taken.
    Capture,
    /// A voided authorization of a customer.
    Release,
    /// A refund of captured money.
    Refund,
    /// Money moved to a professional's account.
    Transfer,
}

impl Outbox {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same effects once more, kept nowhere.
    pub(crate) fn copy(&self) -> Self {
        Self { entries: Arc::new(Mutex::new(self.entries())), journal: Journal::default() }
    }

    /// An empty outbox that writes to `journal`.
    pub(crate) fn kept_in(journal: Journal) -> Self {
        Self { journal, ..Self::default() }
    }

    pub fn record(&self, entry: Entry) {
        let mut list = self.list();
        self.journal.write(|| Record::of(SENT, &[&entry]));
        list.push(entry);
    }

    /// Journals the changes and effects of one call, then appends the effects. Writers wait for each other
    /// here, so that the list and the journal have the same order.
    pub(crate) fn commit(&self, sent: Vec<Entry>, owner: &str, changes: &impl Serialize) {
        let mut list = self.list();
        self.journal.write(|| Record::of(SENT, &sent).and(owner, changes));
        list.extend(sent);
    }

    /// Replays a journal record.
    pub(crate) fn replay(&self, record: &mut Record) -> Result<(), ForeignRecord> {
        let is_cleared = record.take::<bool>(CLEARED)?.is_some_and(|is_cleared| is_cleared);
        let sent: Option<Vec<Entry>> = record.take(SENT)?;
        let mut list = self.list();
        if is_cleared {
            list.clear();
        }
        list.extend(sent.into_iter().flatten());
        Ok(())
    }

    /// All effects, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.list().clone()
    }

    /// How many effects of one kind there were.
    pub fn count(&self, kind: Kind) -> usize {
        self.list().iter().filter(|entry| entry.kind == kind).count()
    }

    /// Removes all effects, so that a test can count from here.
    pub fn clear(&self) {
        let mut list = self.list();
        self.journal.write(|| Record::of(CLEARED, &true));
        list.clear();
    }

    fn list(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_serializes_as_documented() {
        let outbox = Outbox::new();
        outbox.record(Entry {
            at: "2025-11-18T12:00:00Z".parse().unwrap(),
            provider: Provider::Whop,
            kind: Kind::FreeDays,
            to: "mem_1".into(),
            detail: json!({"days": 7}),
            idempotency_key: Some("key_1".into()),
        });
        assert_eq!(
            serde_json::to_value(outbox.entries()).unwrap(),
            json!([{
                "at": "2025-11-18T12:00:00Z", "provider": "whop", "kind": "free_days", "to": "mem_1",
                "detail": {"days": 7}, "idempotency_key": "key_1",
            }])
        );
        assert_eq!((outbox.count(Kind::FreeDays), outbox.count(Kind::Push)), (1, 0));
        outbox.clear();
        assert_eq!(outbox.entries(), []);
    }
}
