//! The outbox: audit entries that must still be sent to listeners. Each was written in the transaction of its
//! change, so that none is lost and none is false.
//!
//! There are two possible listeners, the event bus and analytics, and neither waits for the other. An entry waits
//! for the bus in one queue; once the bus has acknowledged it, it waits for analytics in another. If analytics
//! acknowledged first, the entry is flagged and leaves its queue once the bus acknowledges too.

use chrono::{DateTime, Utc};

use crate::domain::kernel::time;
use crate::domain::platform::action::Source;
use crate::domain::platform::announcement::{Announcement, event_id};
use crate::store::company::AuditEntry;
use crate::store::due::{ANALYTICS, EVENTS};
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::write::{Expect, Item, Write, text};
use crate::store::{Store, attribute_text, read_row};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listeners {
    pub bus: bool,
    pub analytics: bool,
}

impl Listeners {
    /// The queue of a new entry.
    pub(in crate::store) fn first_queue(self) -> Option<&'static str> {
        match self {
            Self { bus: true, .. } => Some(EVENTS),
            Self { analytics: true, .. } => Some(ANALYTICS),
            Self { .. } => None,
        }
    }
}

/// An entry in a queue.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub key: Key,
    /// The announcement to send; `None` if this version cannot read the entry.
    pub announcement: Option<Announcement>,
    pub source: Option<Source>,
    /// Whether analytics acknowledged it before the bus.
    pub is_known_to_analytics: bool,
    queue: &'static str,
    due_shard: String,
    /// The due time as it is stored.
    due_at: String,
}

/// The flag of an entry that only analytics has acknowledged.
const SENT_TO_ANALYTICS: &str = "known_to_analytics_at";

impl Store {
    /// Reads up to a hundred entries; those that have left this queue meanwhile are left out.
    pub async fn waiting(&self, queue: &'static str, keys: &[Key]) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.get_items(keys).await?;
        rows.into_iter().filter_map(|row| parse_waiting(queue, row).transpose()).collect()
    }

    /// Records that the bus acknowledged an entry, and queues it for analytics if that must still get it.
    pub async fn mark_sent_to_bus(&self, waiting: &Waiting, now: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(waiting.key.clone()).remove(SENT_TO_ANALYTICS);
        if self.listeners.analytics && !waiting.is_known_to_analytics {
            return self.commit_queue_change(waiting, write.due(ANALYTICS, Some(now))).await;
        }
        self.commit_queue_change(waiting, write.due(EVENTS, None)).await
    }

    /// Records that analytics acknowledged an entry; it leaves its queue unless the bus must still get it.
    pub async fn mark_sent_to_analytics(
        &self,
        waiting: &Waiting,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = Write::update(waiting.key.clone());
        if waiting.queue == EVENTS {
            return self
                .commit_queue_change(waiting, write.set(SENT_TO_ANALYTICS, text(time::format(now))))
                .await;
        }
        self.commit_queue_change(waiting, write.due(ANALYTICS, None)).await
    }

    /// Makes an entry that was not acknowledged due again later, unless it was changed since it was read.
    pub async fn defer(&self, waiting: &Waiting, until: DateTime<Utc>) -> Result<(), StoreError> {
        let unmoved = Expect::Equals("due_at", text(&waiting.due_at));
        let write = Write::update(waiting.key.clone()).due(waiting.queue, Some(until)).expect(unmoved);
        self.commit_queue_change(waiting, write).await
    }

    /// Commits the change of an entry's queue, unless the entry has left its queue since it was read: then another
    /// worker has sent it and recorded that.
    async fn commit_queue_change(&self, waiting: &Waiting, write: Write) -> Result<(), StoreError> {
        let write = write.expect(Expect::Equals("due_shard", text(&waiting.due_shard)));
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }
}

impl Key {
    /// When an audit entry was written, from its key.
    pub fn audited_at(&self) -> Option<DateTime<Utc>> {
        let at = self.pk.starts_with("AUDIT#").then(|| self.sk.split('#').next());
        time::parse(at??)
    }
}

fn parse_waiting(queue: &'static str, row: Item) -> Result<Option<Waiting>, StoreError> {
    let attribute = |name: &str| attribute_text(&row, name).map(str::to_owned);
    let Some((due_shard, due_at)) = attribute("due_shard").zip(attribute("due_at")) else { return Ok(None) };
    if due_shard.split('#').next() != Some(queue) {
        return Ok(None);
    }
    let is_known_to_analytics = row.contains_key(SENT_TO_ANALYTICS);
    let key: Key = read_row(row.clone())?;
    let entry: Option<AuditEntry> = read_row(row).ok();
    let source = entry.as_ref().and_then(|entry| entry.source);
    let announcement = entry.zip(key.company()).map(|(entry, company_id)| Announcement {
        event_id: event_id(&key.pk, &key.sk),
        occurred_at: entry.at,
        company_id,
        kind: entry.kind,
        subject: entry.subject,
    });
    Ok(Some(Waiting { key, announcement, source, is_known_to_analytics, queue, due_shard, due_at }))
}
