//! How many deliveries of each source were accepted and refused, and how many had an unknown name, by the hour.
//!
//! One partition, so that one query reads the last day of all sources. The counts are approximate: a process writes
//! them once a minute at most, and a repeated request may count twice.

use chrono::{DateTime, Duration, Timelike as _, Utc};
use serde::Deserialize;

use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Write, number, text};
use crate::store::{Query, Range, Store};

/// A day longer than the window of the objectives.
const STORED_DAYS: i64 = 31;

/// The deliveries of one source in one hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WebhookHour {
    pub source: String,
    #[serde(with = "crate::domain::kernel::time")]
    pub hour: DateTime<Utc>,
    #[serde(default)]
    pub accepted: u64,
    #[serde(default)]
    pub refused: u64,
    /// Refused deliveries since the last accepted one of the hour.
    #[serde(default)]
    pub refused_since_accepted: u64,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub last_accepted_at: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub last_refused_at: Option<DateTime<Utc>>,
    /// Accepted deliveries of events whose name this version does not know.
    #[serde(default)]
    pub unknown_names: u64,
    #[serde(default)]
    pub last_unknown_name: Option<String>,
}

impl Store {
    pub async fn add_accepted_webhooks(
        &self,
        source: &str,
        count: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = hour_write(source, now)
            .count("accepted", count.into())
            .set("refused_since_accepted", number(0))
            .set("last_accepted_at", text(time::format(now)));
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    pub async fn add_refused_webhooks(
        &self,
        source: &str,
        count: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write = hour_write(source, now)
            .count("refused", count.into())
            .count("refused_since_accepted", count.into())
            .set("last_refused_at", text(time::format(now)));
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    pub async fn add_unknown_webhook_names(
        &self,
        source: &str,
        name: &str,
        count: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let write =
            hour_write(source, now).count("unknown_names", count.into()).set("last_unknown_name", text(name));
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// The hours since a time, that of the time among them, oldest first.
    pub async fn webhook_hours(&self, since: DateTime<Utc>) -> Result<Vec<WebhookHour>, StoreError> {
        let from = time::format(start_of_hour(since));
        let (mut hours, mut start) = (Vec::new(), None);
        loop {
            // Sources sort after the hour, and "~" after every time.
            let range = Range::Between(keys::SK, &from, "~");
            let page = self.query(Query { range, start, ..Query::partition(keys::WEBHOOKS_PK) }).await?;
            hours.extend(page.rows);
            start = page.next;
            if start.is_none() {
                return Ok(hours);
            }
        }
    }
}

fn hour_write(source: &str, now: DateTime<Utc>) -> Write {
    let hour = start_of_hour(now);
    let expires_at = (hour + Duration::days(STORED_DAYS)).timestamp();
    Write::update(Key::webhook_hour(source, &time::format(hour)))
        .set("source", text(source))
        .set("hour", text(time::format(hour)))
        .set(keys::TTL, number(expires_at))
}

fn start_of_hour(at: DateTime<Utc>) -> DateTime<Utc> {
    at.with_minute(0).and_then(|at| at.with_second(0)).and_then(|at| at.with_nanosecond(0)).unwrap_or(at)
}
