//! Events as they came in, and whose they are. This is the one part of the store that is not scoped to a company: an event has
//! to be kept before anybody knows whose it is.

pub mod occurred;
mod unread;

use std::collections::HashSet;

use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::{CompanyId, MembershipId};
use crate::domain::kernel::time;
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::store::due::SWEEP;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Item, Write, number, text, with_key};
use crate::store::{Query, Range, Store, Written, attribute_text};

/// How long an event is kept that nothing waits for: de-duplication is promised for 35 days, and the clearing
/// away by DynamoDB may be late but is never early.
const KEEP_DAYS: i64 = 40;

/// How far an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum EventStatus {
    /// Kept, to be applied by the sweep.
    Pending,
    /// Applied; its effect was written in the same transaction.
    Applied,
    /// Tried too often, or not applicable; waits for a person.
    SetAside,
    /// Kept and without effect: of a source whose events nothing applies, or ignored for the reason given. In no
    /// queue and in no list.
    Received,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Which provider sent it.
    pub source: String,
    /// What work is done on, in clear.
    pub payload_min: Event,
    /// The raw body, sealed.
    pub payload_sealed: String,
    /// How far it is.
    pub status: EventStatus,
    /// When it came in.
    #[serde(with = "crate::domain::kernel::time")]
    pub received_at: DateTime<Utc>,
    /// How often applying it was tried and failed.
    pub tries: u32,
    /// What it failed on, in one of our own words.
    #[serde(default)]
    pub reason: Option<String>,
    /// How often a person had it applied again.
    #[serde(default)]
    pub replays: u32,
}

impl EventStatus {
    /// The word it is written as.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl StoredEvent {
    /// The event as one that has no effect.
    pub fn ignored(mut self, reason: IgnoreReason) -> Self {
        self.payload_min.meaning = Meaning::Ignored { reason };
        self.status = EventStatus::Received;
        self.reason = Some(reason.as_str().to_owned());
        self
    }

    /// Whether a person may have it applied again: once it was set aside or ignored.
    pub fn is_replayable(&self) -> bool {
        let is_ignored = matches!(self.payload_min.meaning, Meaning::Ignored { .. });
        self.status == EventStatus::SetAside || (self.status == EventStatus::Received && is_ignored)
    }
}

/// Whose a membership or a payment is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub company_id: CompanyId,
    /// The membership; of a payment, the one it was for.
    pub membership_id: MembershipId,
}

/// The events of all companies.
#[derive(Debug, Clone)]
pub struct Inbox {
    store: Store,
}

impl Store {
    /// The events that came in.
    pub fn inbox(&self) -> Inbox {
        Inbox { store: self.clone() }
    }
}

impl Inbox {
    pub(in crate::store) fn store(&self) -> &Store {
        &self.store
    }

    /// Whose a provider's id is.
    pub async fn owner(&self, id: &str) -> Result<Option<Owner>, StoreError> {
        self.store.get(Key::directory(id)).await
    }

    pub async fn event(&self, source: &str, event_id: &str) -> Result<Option<StoredEvent>, StoreError> {
        let row = self.store.get_item(Key::event(source, event_id)).await?;
        row.map(occurred::read_event).transpose()
    }

    /// Which of up to a hundred events of a source came in before.
    pub async fn known(&self, source: &str, event_ids: &[String]) -> Result<HashSet<String>, StoreError> {
        let keys: Vec<Key> = event_ids.iter().map(|id| Key::event(source, id)).collect();
        let found = self.store.present(&keys).await?;
        let known = event_ids.iter().zip(&keys).filter(|(_, key)| found.contains(key));
        Ok(known.map(|(id, _)| id.clone()).collect())
    }

    /// Keeps a new event, with its time beside the payload, where migrations can reach it. Applied and merely
    /// received ones leave by themselves; a pending one is due at `due_at`.
    pub fn keep(&self, event: &StoredEvent, due_at: Option<DateTime<Utc>>) -> Result<Write, StoreError> {
        let key = Key::event(&event.source, &event.payload_min.event_id);
        let Event { occurred_at, occurred_at_source, .. } = &event.payload_min;
        let mut write = Write::put(key, event)?
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

    /// Keeps a new event as it is; `false` when it was there already.
    pub async fn keep_now(
        &self,
        event: &StoredEvent,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        match self.store.change::<serde::de::IgnoredAny>(self.keep(event, due_at)?).await? {
            Written::Accepted(_) => Ok(true),
            Written::Refused(_) => Ok(false),
        }
    }

    /// Marks a pending event as applied; stands beside the effect it had.
    pub fn mark_applied(&self, event: &StoredEvent) -> Write {
        let write = Write::update(Key::event(&event.source, &event.payload_min.event_id))
            .set("status", text("applied"))
            .set(keys::TTL, number(expires_at(event.received_at)))
            .remove("reason")
            .due(SWEEP, None)
            .expect(Expect::Equals("status", text("pending")));
        if event.payload_min.unread.is_none() {
            return write.remove("list_status_pk").remove("list_sk");
        }
        write
            .set("list_status_pk", text(keys::unread_events_list(event.payload_min.company_id.as_ref())))
            .set("list_sk", text(EventCursor::of(event).to_string()))
    }

    /// Notes that applying it failed: due again later, or set aside where `due_at` is absent.
    pub async fn postpone(
        &self,
        event: &StoredEvent,
        reason: &str,
        due_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError> {
        let mut write = Write::update(Key::event(&event.source, &event.payload_min.event_id))
            .set("tries", number(event.tries + 1))
            .set("reason", text(reason))
            .due(SWEEP, due_at)
            .expect(Expect::Equals("status", text("pending")))
            .expect(Expect::Equals("tries", number(event.tries)));
        if due_at.is_none() {
            write = write
                .set("status", text("set_aside"))
                .set("list_status_pk", text(keys::events_status_list("set_aside")))
                .set("list_sk", text(EventCursor::of(event).to_string()));
        }
        self.store.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// Ends the tries of a pending event that has no effect.
    pub async fn mark_ignored(&self, event: &StoredEvent, reason: IgnoreReason) -> Result<(), StoreError> {
        let ignored = event.clone().ignored(reason);
        let write = Write::update(Key::event(&event.source, &event.payload_min.event_id))
            .set_all(&ReadAgain { payload_min: &ignored.payload_min })?
            .set("status", text(ignored.status.as_str()))
            .set("reason", text(reason.as_str()))
            .set(keys::TTL, number(expires_at(event.received_at)))
            .due(SWEEP, None)
            .expect(Expect::Equals("status", text("pending")));
        self.store.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// Takes an event that was set aside or ignored up again, as it is read now; `false` when it is neither any more.
    /// `from` is its state before.
    pub async fn replay(
        &self,
        event: &StoredEvent,
        from: EventStatus,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let write = Write::update(Key::event(&event.source, &event.payload_min.event_id))
            .set_all(&ReadAgain { payload_min: &event.payload_min })?
            .set("status", text("pending"))
            .set("tries", number(0))
            .set("replays", number(event.replays + 1))
            .set("replayed_at", text(time::format(now)))
            .remove(keys::TTL)
            .remove("list_status_pk")
            .remove("list_sk")
            .due(SWEEP, Some(now))
            .expect(Expect::Equals("status", text(from.as_str())))
            .expect(Expect::Equals("replays", number(event.replays)));
        Ok(matches!(self.store.change::<serde::de::IgnoredAny>(write).await?, Written::Accepted(_)))
    }

    /// Set-aside events, oldest first, after a place in the list.
    pub async fn set_aside(
        &self,
        limit: u16,
        after: Option<&EventCursor>,
    ) -> Result<(Vec<StoredEvent>, Option<EventCursor>), StoreError> {
        let list = keys::events_status_list("set_aside");
        let start = after.map(|place| {
            let item = with_key(Item::new(), &Key::event(&place.source, &place.event_id));
            item.into_iter()
                .chain([
                    ("list_status_pk".to_owned(), text(&list)),
                    ("list_sk".to_owned(), text(place.to_string())),
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

/// What reading an event again may change.
#[derive(Serialize)]
struct ReadAgain<'a> {
    payload_min: &'a Event,
}

/// A place in the list of set-aside events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor {
    received_at: DateTime<Utc>,
    source: String,
    event_id: String,
}

impl EventCursor {
    /// Reads what `to_string` wrote.
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
