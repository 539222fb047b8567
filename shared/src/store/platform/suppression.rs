//! Addresses that are not written to, as rows; and what the mailer reported, in a list for operators.
//!
//! A row is named by a keyed hash of its address and says why and since when. It never expires: an
//! address does not come back to life by waiting. The newest event decides, whatever order they come in.

use chrono::{DateTime, Duration, Utc};
use serde::Deserialize;

use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::suppression::{AddressHash, Suppression, SuppressionChange, SuppressionReason};
use crate::domain::kernel::time;
use crate::store::keys::{self, Key};
use crate::store::platform::inbox::StoredEvent;
use crate::store::write::{Expect, Write, number, text};
use crate::store::{Query, Range, Store, StoreError, attribute_text};

/// The most addresses one event is applied to: a mail has at most fifty recipients.
pub const MAX_ADDRESSES: usize = 50;

/// Another event may change the same address at the same moment; a fifth time is no coincidence.
const TRIES: u32 = 5;

/// As many reports as one look counts.
const COUNTED: i32 = 1_000;

/// What a mail that the mailer refused to send is counted as.
pub const REFUSED: &str = "refused";

/// Longer than operators count back.
const REPORTED_DAYS: i64 = 14;

/// What is not suppressed any more, or never was.
const LIFTED: &str = "lifted";

/// A row: the newest word on an address.
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

    /// Events of one instant are ordered by their ids, so that every order of arrival ends the same.
    fn order(one: &Self, other: &Self) -> std::cmp::Ordering {
        (one.at, &one.event_id).cmp(&(other.at, &other.event_id))
    }
}

/// What is known of one address.
#[derive(Debug, Default)]
struct AddressRows {
    /// The row that the next event is written to.
    under_newest_key: Option<SuppressionRow>,
    /// The row that counts, whichever key it was written under.
    newest: Option<SuppressionRow>,
}

/// What the mailer reported, for operators: how often each kind, and whether there was more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailReports {
    /// The kinds, each as often as it was reported.
    pub kinds: Vec<String>,
    /// Whether there are more than were counted.
    pub more: bool,
}

impl MailReports {
    /// How often a kind was reported.
    pub fn count(&self, kind: &str) -> usize {
        self.kinds.iter().filter(|known| *known == kind).count()
    }
}

impl Store {
    /// Whether an address is not to be written to, and why.
    pub async fn address_suppression(&self, hash: &AddressHash) -> Result<Option<Suppression>, StoreError> {
        Ok(self.address_rows(hash).await?.newest.and_then(SuppressionRow::suppression))
    }

    /// Keeps an event of the mailer's and what it changes about addresses, in one transaction. `report`
    /// names what operators count it as. `false` when the event was there already: then nothing changes.
    pub async fn record_mail_event(
        &self,
        event: &StoredEvent,
        report: Option<&str>,
        changes: &[(AddressHash, SuppressionChange)],
        ids: &Ids,
    ) -> Result<bool, StoreError> {
        let (at, event_id) = (event.payload_min.occurred_at, event.payload_min.event_id.as_str());
        let mut tries = 0;
        loop {
            tries += 1;
            let mut keep = self.inbox().keep(event, None)?;
            if let Some(report) = report {
                keep = keep
                    .set("list_pk", text(keys::MAIL_REPORTS_LIST))
                    .set("list_sk", text(format!("{}#{report}#{event_id}", time::format(at))));
            }
            let mut writes = vec![keep];
            for (hash, change) in changes {
                let read = self.address_rows(hash).await?;
                writes.extend(suppression_write(hash, *change, &read, at, event_id));
            }
            match self.commit(ids.next(), writes).await {
                Ok(()) => return Ok(true),
                Err(StoreError::Conflict { refused }) if refused.contains(&0) => {
                    // The event's own row refuses where it is there already, and where it was only busy.
                    let source = &event.source;
                    if self.inbox().event(source, event_id).await?.is_some() {
                        return Ok(false);
                    }
                    if tries >= TRIES {
                        return Err(StoreError::Conflict { refused });
                    }
                }
                Err(StoreError::Conflict { .. }) if tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Counts a mail about an account that the mailer refused to send, beside what it reports of those it sent. The
    /// row is that of the mail's link, which was not delivered and does not work from now on.
    pub async fn report_refused_mail(&self, link: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let write = Write::update(Key::link(link))
            .set("list_pk", text(keys::MAIL_REPORTS_LIST))
            .set("list_sk", text(format!("{}#{REFUSED}#{link}", time::format(at))))
            .set(keys::TTL, number((at + Duration::days(REPORTED_DAYS)).timestamp()))
            .remove("password_hash")
            .expect(Expect::Present);
        self.change::<serde::de::IgnoredAny>(write).await.map(drop)
    }

    /// What the mailer reported since a time, newest first.
    pub async fn mail_reports_since(&self, since: DateTime<Utc>) -> Result<MailReports, StoreError> {
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", keys::MAIL_REPORTS_LIST),
            // No year begins with a letter.
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
            rows.newest = rows.newest.into_iter().chain(row).max_by(SuppressionRow::order);
        }
        Ok(rows)
    }
}

/// The write that an event makes of an address, over the row that was read; none where a newer event has
/// already decided.
fn suppression_write(
    hash: &AddressHash,
    change: SuppressionChange,
    read: &AddressRows,
    at: DateTime<Utc>,
    event_id: &str,
) -> Option<Write> {
    let decided = |row: &SuppressionRow| (row.at, row.event_id.as_str()) >= (at, event_id);
    if read.newest.as_ref().is_some_and(decided) {
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
