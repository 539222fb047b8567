//! Received events and their owners. This part of the store is not scoped to a company, because an event is stored
//! before its owner is known.

pub mod by_hand;
pub mod occurred;
mod unread;
pub mod waiting;

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::{CompanyId, MembershipId};
use crate::domain::kernel::time;
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::store::due::SWEEP;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::platform::waiting::WaitingList;
use crate::store::write::{Expect, Item, Write, number, text, with_key};
use crate::store::{Query, Range, Store, Written, attribute_text};

/// How long a processed event is kept: deduplication is promised for 35 days, and DynamoDB may delete an expired
/// row late but never early.
const KEEP_DAYS: i64 = 40;

/// How far an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EventStatus {
    /// Stored, to be applied by the sweep.
    Pending,
    /// Applied; its changes were written in the same transaction.
    Applied,
    /// Retries are exhausted or useless; a person has to replay it.
    SetAside,
    /// Stored without effect: its type has no consequences here, or it is ignored for a stored reason. It is in no
    /// queue and no list.
    Received,
    /// A person decided that it is not to be applied. It is in no queue and no list.
    Dismissed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    pub source: String,
    /// The part that is processed, in clear text.
    pub payload_min: Event,
    /// The encrypted raw body.
    pub payload_sealed: String,
    pub status: EventStatus,
    #[serde(with = "crate::domain::kernel::time")]
    pub received_at: DateTime<Utc>,
    /// Failed attempts to apply it.
    pub tries: u32,
    /// One of our own reason codes for the last failure.
    #[serde(default)]
    pub reason: Option<String>,
    /// How often a person replayed it.
    #[serde(default)]
    pub replays: u32,
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::domain::kernel::time::option")]
    pub dismissed_at: Option<DateTime<Utc>>,
    /// The id of the person who dismissed it, as in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dismissed_by: Option<String>,
    /// Why it was dismissed, in that person's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl EventStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl StoredEvent {
    /// An event that was just received, with its body encrypted.
    pub fn new(
        source: &str,
        event: Event,
        payload_sealed: String,
        status: EventStatus,
        received_at: DateTime<Utc>,
    ) -> Self {
        Self {
            source: source.to_owned(),
            payload_min: event,
            payload_sealed,
            status,
            received_at,
            tries: 0,
            reason: None,
            replays: 0,
            dismissed_at: None,
            dismissed_by: None,
            note: None,
        }
    }

    fn key(&self) -> Key {
        Key::event(&self.source, &self.payload_min.event_id)
    }

    /// The event, marked as ignored.
    pub fn ignored(mut self, reason: IgnoreReason) -> Self {
        self.payload_min.meaning = Meaning::Ignored { reason };
        self.status = EventStatus::Received;
        self.reason = Some(reason.as_str().to_owned());
        self
    }
}

/// The owner of a membership or a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub company_id: CompanyId,
    /// The membership itself, or the one that a payment was for.
    pub membership_id: MembershipId,
}

#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
}

impl Store {
    pub fn inbox(&self) -> Inbox {
        Inbox { store: self.clone() }
    }
}

impl Inbox {
    pub(in crate::store) fn store(&self) -> &Store {
        &self.store
    }

    /// The owner of a provider's id.
    pub async fn owner(&self, id: &str) -> Result<Option<Owner>, StoreError> {
        self.store.get(Key::directory(id)).await
    }

    pub async fn event(&self, source: &str, event_id: &str) -> Result<Option<StoredEvent>, StoreError> {
        let row = self.store.get_item(Key::event(source, event_id)).await?;
        row.map(occurred::read_event).transpose()
    }

    /// Which of up to a hundred events of a source were received before.
    pub async fn known_events(
        &self,
        source: &str,
        event_ids: &[String],
    ) -> Result<HashSet<String>, StoreError> {
        let keys: Vec<Key> = event_ids.iter().map(|id| Key::event(source, id)).collect();
        let found = self.store.present(&keys).await?;
        let known = event_ids.iter().zip(&keys).filter(|(_, key)| found.contains(key));
        Ok(known.map(|(id, _)| id.clone()).collect())
    }

    /// The write of a new event. Its time is stored outside the payload too, where migrations can change it.
    /// Applied and received events expire; a pending one is due at `due_at`.
    pub fn add_event(&self, event: &StoredEvent, due_at: Option<DateTime<Utc>>) -> Result<Write, StoreError> {
        let Event { occurred_at, occurred_at_source, .. } = &event.payload_min;
        let mut write = Write::put(event.key(), event)?
            .set(occurred::AT, text(time::format(*occurred_at)))
            .set(occurred::SOURCE, text(occurred_at_source.as_str()))
            .due(SWEEP, due_at)
            .expect(Expect::Absent);
        if matches!(event.status, EventStatus::Applied | EventStatus::Received) {
            write = write.set(keys::TTL, number(expires_at(event.received_at)));
        }
        if event.status == EventStatus::Applied && event.payload_min.unread.is_some() {
            let list = keys::unread_events_list(event.payload_min.company_id.as_ref());
            write = write
                .set("list_status_pk", text(list))
                .set("list_sk", text(EventCursor::of(event).to_string()));
        }
        Ok(write)
    }

    /// Stores a new event; `false` if it was stored before.
    pub async fn save_event(
        &self,
        event: &StoredEvent,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        self.was_accepted(self.add_event(event, due_at)?).await
    }

    /// Marks a pending event as applied; must be in the transaction of its changes.
    pub fn mark_applied(&self, event: &StoredEvent) -> Write {
        let write = Write::update(event.key())
            .set("status", text("applied"))
            .set(keys::TTL, number(expires_at(event.received_at)))
            .remove("reason")
            .remove("list_pk")
            .due(SWEEP, None)
            .expect(Expect::Equals("status", text("pending")));
        if event.payload_min.unread.is_none() {
            return write.remove("list_status_pk").remove("list_sk");
        }
        write
            .set("list_status_pk", text(keys::unread_events_list(event.payload_min.company_id.as_ref())))
            .set("list_sk", text(EventCursor::of(event).to_string()))
    }

    /// Records a failed attempt: the event is due again at `due_at`, or set aside if that is absent. `false` if it
    /// is not pending any more, or somebody else tried it meanwhile.
    pub async fn postpone(
        &self,
        event: &StoredEvent,
        reason: &str,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        let mut write = Write::update(event.key())
            .set("tries", number(event.tries + 1))
            .set("reason", text(reason))
            .due(SWEEP, due_at)
            .expect(Expect::Equals("status", text("pending")))
            .expect(Expect::Equals("tries", number(event.tries)));
        let company = event.payload_min.company_id.as_ref();
        let (status, list) = match due_at {
            Some(_) => (EventStatus::Pending, keys::waiting_events_list(company)),
            None => (EventStatus::SetAside, keys::events_status_list("set_aside")),
        };
        write = write
            .set("status", text(status.as_str()))
            .set("list_status_pk", text(list))
            .set("list_pk", text(WaitingList::Events.key()))
            .set("list_sk", text(EventCursor::of(event).to_string()));
        self.was_accepted(write).await
    }

    async fn was_accepted(&self, write: Write) -> Result<bool, StoreError> {
        let written = self.store.change::<serde::de::IgnoredAny>(write).await?;
        Ok(matches!(written, Written::Accepted(_)))
    }

    /// Marks a pending event as ignored, so that it is not tried again; `false` if it is not pending any more.
    pub async fn mark_ignored(&self, event: &StoredEvent, reason: IgnoreReason) -> Result<bool, StoreError> {
        let ignored = event.clone().ignored(reason);
        let write = Write::update(event.key())
            .set_all(&ReadAgain { payload_min: &ignored.payload_min })?
            .set("status", text(ignored.status.as_str()))
            .set("reason", text(reason.as_str()))
            .set(keys::TTL, number(expires_at(event.received_at)))
            .remove("list_status_pk")
            .remove("list_pk")
            .remove("list_sk")
            .due(SWEEP, None)
            .expect(Expect::Equals("status", text("pending")));
        self.was_accepted(write).await
    }

    /// Set-aside events, oldest first, after a position in the list.
    pub async fn set_aside(
        &self,
        limit: u16,
        after: Option<&EventCursor>,
    ) -> Result<(Vec<StoredEvent>, Option<EventCursor>), StoreError> {
        let list = keys::events_status_list("set_aside");
        let start = after.map(|cursor| {
            let item = with_key(Item::new(), &Key::event(&cursor.source, &cursor.event_id));
            item.into_iter()
                .chain([
                    ("list_status_pk".to_owned(), text(&list)),
                    ("list_sk".to_owned(), text(cursor.to_string())),
                ])
                .collect()
        });
        let query = Query {
            index: Some(keys::LIST_STATUS_INDEX),
            hash: ("list_status_pk", &list),
            range: Range::All,
            newest_first: false,
            limit: Some(i32::from(limit)),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.iter().cloned().map(crate::store::read_row).collect::<Result<Vec<Key>, _>>()?;
        let events = self.store.get_items(&keys).await?.into_iter().map(occurred::read_event);
        let events = events.collect::<Result<Vec<_>, _>>()?;
        let last =
            page.rows.last().and_then(|row| attribute_text(row, "list_sk")).and_then(EventCursor::parse);
        let events = events.into_iter().filter(|event| event.status == EventStatus::SetAside).collect();
        Ok((events, page.next.and(last)))
    }
}

/// The attribute that parsing an event again may change.
#[derive(Serialize)]
struct ReadAgain<'a> {
    payload_min: &'a Event,
}

/// A position in the list of set-aside events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor {
    received_at: DateTime<Utc>,
    source: String,
    event_id: String,
}

impl EventCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '#');
        let received_at = time::parse(parts.next()?)?;
        Some(Self { received_at, source: parts.next()?.to_owned(), event_id: parts.next()?.to_owned() })
    }

    fn of(event: &StoredEvent) -> Self {
        let event_id = event.payload_min.event_id.clone();
        Self { received_at: event.received_at, source: event.source.clone(), event_id }
    }
}

impl std::fmt::Display for EventCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}#{}", time::format(self.received_at), self.source, self.event_id)
    }
}

fn expires_at(received_at: DateTime<Utc>) -> i64 {
    (received_at + Duration::days(KEEP_DAYS)).timestamp()
}
