//! The outbox: audit entries that the event bus has yet to hear of. Each was written with the change it
//! tells of, so that none is lost and none is made up; each leaves the queue once the bus has taken it.

use chrono::{DateTime, Utc};

use super::company::AuditEntry;
use super::due::EVENTS;
use super::error::StoreError;
use super::keys::Key;
use super::write::{Expect, Item, Write, text};
use super::{Store, attribute_text, read_row};
use crate::domain::announcement::{Announcement, event_id};
use crate::domain::time;

/// An entry that waits for its turn, as it stands in the table.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Where it is.
    pub key: Key,
    /// What the bus is to hear; `None` where this version cannot read the entry.
    pub announcement: Option<Announcement>,
    /// Since when it is due, as it is written.
    due_at: String,
}

impl Store {
    /// Reads up to a hundred entries afresh. Those that have left the queue meanwhile are left out.
    pub async fn waiting(&self, keys: &[Key]) -> Result<Vec<Waiting>, StoreError> {
        let rows = self.get_items(keys).await?;
        rows.into_iter().filter_map(|row| waiting(row).transpose()).collect()
    }

    /// The bus has taken it: it leaves the queue, whatever else was said of it meanwhile.
    pub async fn leave_outbox(&self, waiting: &Waiting) -> Result<(), StoreError> {
        let write = Write::update(waiting.key.clone()).due(EVENTS, None).expect(Expect::Present);
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// The bus has not: it is due again later, unless somebody else has moved it since it was read.
    pub async fn put_off(&self, waiting: &Waiting, until: DateTime<Utc>) -> Result<(), StoreError> {
        let unmoved = Expect::Equals("due_at", text(&waiting.due_at));
        let write = Write::update(waiting.key.clone()).due(EVENTS, Some(until)).expect(unmoved);
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }
}

impl Key {
    /// When that was written down which an audit entry tells of, from its address.
    pub fn audited_at(&self) -> Option<DateTime<Utc>> {
        let place = self.pk.starts_with("AUDIT#").then(|| self.sk.split('#').next());
        time::read(place??)
    }
}

fn waiting(row: Item) -> Result<Option<Waiting>, StoreError> {
    let Some(due_at) = attribute_text(&row, "due_at").map(str::to_owned) else { return Ok(None) };
    let key: Key = read_row(row.clone())?;
    let entry: Option<AuditEntry> = read_row(row).ok();
    let announcement = entry.zip(key.company()).map(|(entry, company_id)| Announcement {
        event_id: event_id(&key.pk, &key.sk),
        occurred_at: entry.at,
        company_id,
        kind: entry.kind,
        subject: entry.subject,
    });
    Ok(Some(Waiting { key, announcement, due_at }))
}
