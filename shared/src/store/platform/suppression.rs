//! Rows of suppressed addresses, and the list of the mailer's reports for operators.
//!
//! A row's key is a keyed hash of the address; the row has the reason and the time. It never expires, because
//! waiting does not make an address valid again. The newest event wins, in whatever order events arrive.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::suppression::{AddressHash, Suppression, SuppressionChange, SuppressionReason};
use crate::domain::kernel::time;
use crate::store::keys::{self, Key};
use crate::store::platform::inbox::StoredEvent;
use crate::store::retry::retry;
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Query, Range, Store, StoreError, attribute_text};

/// The most addresses of one event: a mail has at most fifty recipients.
pub const MAX_ADDRESSES: usize = 50;

/// Another event may change the same address at the same moment; a fifth conflict has another cause.
const TRIES: u32 = 5;

/// Reports that one query counts.
const COUNTED: i32 = 1_000;

/// The report kind of a mail that the mailer refused to send.
pub const REFUSED: &str = "refused";

/// Longer than the period that operators see.
const REPORTED_DAYS: i64 = 14;

/// The status of an address that is not suppressed any more.
const LIFTED: &str = "lifted";

/// A row: the newest event about an address.
#[derive(Debug, Clone, Deserialize)]
struct SuppressionRow {
    status: String,
    #[serde(default)]
    reason: Option<SuppressionReason>,
    #[serde(with = "crate::domain::kernel::time")]
    at: DateTime<Utc>,
    event_id: String,
}

impl SuppressionRow {
    fn suppression(self) -> Option<Suppression> {
        let reason = self.reason.filter(|_| self.status != LIFTED)?;
        Some(Suppression { reason, at: self.at, event_id: self.event_id })
    }

    /// Events of the same time are ordered by their ids, so that every order of arrival gives the same result.
    fn compare(one: &Self, other: &Self) -> std::cmp::Ordering {
        (one.at, &one.event_id).cmp(&(other.at, &other.event_id))
    }
}

/// The rows of one address.
#[derive(Debug, Default)]
struct AddressRows {
    /// The row that the next event changes.
    under_newest_key: Option<SuppressionRow>,
    /// The newest row, under whichever encryption key it was written.
    newest: Option<SuppressionRow>,
}

/// The mailer's reports, for operators.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailReports {
    /// The kind of each report.
    pub kinds: Vec<String>,
    /// Whether there are more reports than were counted.
    pub more: bool,
}

impl MailReports {
    /// The number of reports of a kind.
    pub fn count(&self, kind: &str) -> usize {
        self.kinds.iter().filter(|known| *known == kind).count()
    }
}

impl Store {
    /// The suppression of an address, if it is suppressed.
    pub async fn address_suppression(&self, hash: &AddressHash) -> Result<Option<Suppression>, StoreError> {
        Ok(self.address_rows(hash).await?.newest.and_then(SuppressionRow::suppression))
    }

    /// Stores an event of the mailer and its changes of addresses in one transaction. `report` is its kind in the
    /// operators' list. Returns `false`, and changes nothing, if the event was stored before.
    pub async fn record_mail_event(
        &self,
        event: &StoredEvent,
        report: Option<&str>,
        changes: &[(AddressHash, SuppressionChange)],
        ids: &Ids,
    ) -> Result<bool, StoreError> {
        retry(TRIES, |_| self.record_mail_event_once(event, report, changes, ids)).await
    }

    async fn record_mail_event_once(
        &self,
        event: &StoredEvent,
        report: Option<&str>,
        changes: &[(AddressHash, SuppressionChange)],
        ids: &Ids,
    ) -> Result<bool, StoreError> {
        let (at, event_id) = (event.payload_min.occurred_at, event.payload_min.event_id.as_str());
        let mut event_write = self.inbox().add_event(event, None)?;
        if let Some(report) = report {
            event_write = event_write
                .set("list_pk", text(keys::MAIL_REPORTS_LIST))
                .set("list_sk", text(format!("{}#{report}#{event_id}", time::format(at))));
        }
        let mut writes = vec![event_write];
        for (hash, change) in changes {
            let read = self.address_rows(hash).await?;
            writes.extend(suppression_write(hash, *change, &read, at, event_id));
        }
        match self.commit(ids.next(), writes).await {
            // The event's own row refused the write: it exists already, or another transaction held it.
            Err(StoreError::Conflict { refused })
                if refused.contains(&0) && self.inbox().event(&event.source, event_id).await?.is_some() =>
            {
                Ok(false)
            }
            committed => committed.map(|()| true),
        }
    }

    /// Adds a mail about an account that the mailer refused to send to the reports. It changes the row of the
    /// mail's link, which was not delivered and becomes invalid.
    pub async fn report_refused_mail(&self, link: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(Key::link(link))
            .set("list_pk", text(keys::MAIL_REPORTS_LIST))
            .set("list_sk", text(format!("{}#{REFUSED}#{link}", time::format(at))))
            .set(keys::TTL, number((at + Duration::days(REPORTED_DAYS)).timestamp()))
            .remove("password_hash")
            .expect(Expect::Present);
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// The mailer's reports since a time, newest first.
    pub async fn mail_reports_since(&self, since: DateTime<Utc>) -> Result<MailReports, StoreError> {
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", keys::MAIL_REPORTS_LIST),
            // A letter sorts after every year.
            range: Range::Between("list_sk", &time::format(since), "a"),
            newest_first: true,
            limit: Some(COUNTED),
            start: None,
        };
        let page = self.query_items(query).await?;
        let kind = |sk: &str| sk.split('#').nth(1).map(str::to_owned);
        let kinds = page.rows.iter().filter_map(|row| attribute_text(row, "list_sk")).filter_map(kind);
        Ok(MailReports { kinds: kinds.collect(), more: page.next.is_some() })
    }

    async fn address_rows(&self, hash: &AddressHash) -> Result<AddressRows, StoreError> {
        let mut rows = AddressRows::default();
        for (position, hash) in hash.all().iter().enumerate() {
            let row: Option<SuppressionRow> = self.get(Key::suppression(hash)).await?;
            if position == 0 {
                rows.under_newest_key = row.clone();
            }
            rows.newest = rows.newest.into_iter().chain(row).max_by(SuppressionRow::compare);
        }
        Ok(rows)
    }
}

/// The write of an event about an address, conditional on the row that was read; `None` if a newer event was
/// applied already.
fn suppression_write(
    hash: &AddressHash,
    change: SuppressionChange,
    read: &AddressRows,
    at: DateTime<Utc>,
    event_id: &str,
) -> Option<Write> {
    let is_newer = |row: &SuppressionRow| (row.at, row.event_id.as_str()) >= (at, event_id);
    if read.newest.as_ref().is_some_and(is_newer) {
        return None;
    }
    let write = Write::update(Key::suppression(hash.newest()?))
        .set("at", text(time::format(at)))
        .set("event_id", text(event_id));
    let write = match change {
        SuppressionChange::Suppress(reason) => {
            write.set("status", text("suppressed")).set("reason", text(reason.as_str()))
        }
        SuppressionChange::Lift => write.set("status", text(LIFTED)).remove("reason"),
    };
    Some(write.expect(match &read.under_newest_key {
        Some(row) => Expect::Equals("event_id", text(&row.event_id)),
        None => Expect::Missing("event_id"),
    }))
}
