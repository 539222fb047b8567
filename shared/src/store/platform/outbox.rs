//! The outbox: audit entries that somebody has yet to hear of. Each was written with the change it tells of,
//! so that none is lost and none is made up.
//!
//! There are two who may listen, the event bus and analytics, and neither waits for the other. An entry waits
//! for the bus in one queue; once the bus has taken it, it waits for analytics in another. Where analytics
//! heard of it first, a mark says so, and it leaves with the word of the bus.

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

/// Who hears of what happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listeners {
    pub bus: bool,
    pub analytics: bool,
}

impl Listeners {
    /// The queue that a new entry joins.
    pub(in crate::store) fn first_queue(self) -> Option<&'static str> {
        match self {
            Self { bus: true, .. } => Some(EVENTS),
            Self { analytics: true, .. } => Some(ANALYTICS),
            Self { .. } => None,
        }
    }
}

/// An entry that waits for its turn, as it stands in the table.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub key: Key,
    /// What there is to hear; `None` where this version cannot read the entry.
    pub announcement: Option<Announcement>,
    /// Who set it off.
    pub source: Option<Source>,
    /// Whether analytics has heard of it before the bus did.
    pub is_known_to_analytics: bool,
    queue: &'static str,
    /// In which part of it.
    due_shard: String,
    /// Since when it is due, as it is written.
    due_at: String,
}

/// The mark of an entry that analytics knows and the bus does not.
const MARK: &str = "known_to_analytics_at";

impl Store {
    /// Reads up to a hundred entries afresh. Those that have left this queue meanwhile are left out.
    pub async fn waiting(&self, queue: &'static str, keys: &[Key]) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.get_items(keys).await?;
        rows.into_iter().filter_map(|row| waiting(queue, row).transpose()).collect()
    }

    /// The bus has taken it: now it is the turn of analytics, if that listens and does not know it.
    pub async fn heard_by_bus(&self, waiting: &Waiting, now: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(waiting.key.clone()).remove(MARK);
        if self.listeners.analytics && !waiting.is_known_to_analytics {
            return self.move_on(waiting, write.due(ANALYTICS, Some(now))).await;
        }
        self.move_on(waiting, write.due(EVENTS, None)).await
    }

    /// Analytics has taken it: it leaves, unless the bus has yet to hear of it.
    pub async fn heard_by_analytics(&self, waiting: &Waiting, now: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(waiting.key.clone());
        if waiting.queue == EVENTS {
            return self.move_on(waiting, write.set(MARK, text(time::format(now)))).await;
        }
        self.move_on(waiting, write.due(ANALYTICS, None)).await
    }

    /// It was not taken: it is due again later, unless somebody else has moved it since it was read.
    pub async fn defer(&self, waiting: &Waiting, until: DateTime<Utc>) -> Result<(), StoreError> {
        let unmoved = Expect::Equals("due_at", text(&waiting.due_at));
        let write = Write::update(waiting.key.clone()).due(waiting.queue, Some(until)).expect(unmoved);
        self.move_on(waiting, write).await
    }

    /// Writes where an entry waits from now on, unless it has left its queue since it was read: then
    /// somebody else has been told of it as well, and has said so.
    async fn move_on(&self, waiting: &Waiting, write: Write) -> Result<(), StoreError> {
        let write = write.expect(Expect::Equals("due_shard", text(&waiting.due_shard)));
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }
}

impl Key {
    /// When that was written down which an audit entry tells of, from its address.
    pub fn audited_at(&self) -> Option<DateTime<Utc>> {
        let place = self.pk.starts_with("AUDIT#").then(|| self.sk.split('#').next());
        time::parse(place??)
    }
}

fn waiting(queue: &'static str, row: Item) -> Result<Option<Waiting>, StoreError> {
    let attribute = |name: &str| attribute_text(&row, name).map(str::to_owned);
    let Some((due_shard, due_at)) = attribute("due_shard").zip(attribute("due_at")) else { return Ok(None) };
    if due_shard.split('#').next() != Some(queue) {
        return Ok(None);
    }
    let is_known_to_analytics = row.contains_key(MARK);
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
