//! The batch of a payout day.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::entry::BatchTotals;
use crate::kernel::id::InvalidId;
use crate::kernel::money::Currency;
use crate::platform::objective::{Kept, Objective};

/// The id of a day's payouts, `payout-2025-11-18-tue`; each company has its own batch of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(NaiveDate);

const EXPECTED: InvalidId = InvalidId { expected: "a batch id such as payout-2025-11-18-tue" };

impl BatchId {
    /// The batch of a day in the years 0 to 9999.
    pub fn new(day: NaiveDate) -> Result<Self, InvalidId> {
        if (0..=9999).contains(&day.year()) { Ok(Self(day)) } else { Err(EXPECTED) }
    }

    /// Parses the id; the weekday must match the date.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let date = text.strip_prefix("payout-").and_then(|rest| rest.get(..10));
        let day = date.and_then(|date| NaiveDate::parse_from_str(date, "%Y-%m-%d").ok());
        let id = day.and_then(|day| Self::new(day).ok());
        id.filter(|id| id.to_string() == text).ok_or(EXPECTED)
    }

    pub fn day(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weekday = self.0.weekday().to_string().to_ascii_lowercase();
        write!(f, "payout-{}-{weekday}", self.0.format("%Y-%m-%d"))
    }
}

impl TryFrom<String> for BatchId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> String {
        id.to_string()
    }
}

/// How far a batch is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "BatchStatus"))]
pub enum BatchStatus {
    /// Planned; no transfer was made.
    Pending,
    /// Transfers are being made; every tick continues it.
    Processing,
    /// A provider does not answer or refuses for now; it continues automatically as soon as that is over.
    Waiting,
    /// Everything that was due on its day is paid, or waits for the professional; it is reopened if more becomes
    /// payable on its day.
    Completed,
    /// It has ended, and a part of it was not paid: Stripe refused transfers, or the next payout day took over.
    Incomplete,
    /// It cannot continue automatically; a new run continues it.
    Failed,
}

impl BatchStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether nothing of the batch happens any more, unless it is reopened.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Incomplete)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum StartedBy {
    Schedule,
    /// A member of the platform's staff.
    Person {
        account: String,
    },
}

/// The numbers of a batch's bookings by result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchCounts {
    pub transfers: u64,
    pub done: u64,
    /// Those of them that Stripe refused, or that were withdrawn.
    pub rejected: u64,
    /// Transfers whose outcome is unknown.
    pub in_doubt: u64,
    /// Bookings whose share a debt consumed entirely.
    pub settled: u64,
    pub skipped: u64,
}

impl BatchCounts {
    /// Transfers that have not ended.
    pub fn open(&self) -> u64 {
        self.transfers.saturating_sub(self.done.saturating_add(self.rejected))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRecord {
    pub id: BatchId,
    pub status: BatchStatus,
    pub started_by: StartedBy,
    #[serde(with = "crate::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// The last change of its status.
    #[serde(with = "crate::kernel::time")]
    pub changed_at: DateTime<Utc>,
    pub counts: BatchCounts,
    #[serde(default)]
    pub totals: BTreeMap<Currency, BatchTotals>,
    /// Why it waits, is incomplete or failed: the provider's code or one of ours.
    #[serde(default)]
    pub reason: Option<String>,
    /// Professionals who were due on its day and are not processed.
    #[serde(default)]
    pub professionals_left: u64,
    /// Transfers that were made before its day was over.
    #[serde(default)]
    pub done_on_its_day: u64,
    /// Whether it ever waited for a provider or needed a person.
    #[serde(default)]
    pub had_errors: bool,
    /// The end that was announced last, so that the same end is announced once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<AnnouncedEnd>,
}

/// The end of a batch as it was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedEnd {
    pub status: BatchStatus,
    pub done: u64,
    pub rejected: u64,
    pub in_doubt: u64,
    #[serde(default)]
    pub done_on_its_day: u64,
}

impl BatchRecord {
    pub fn planned(id: BatchId, started_by: StartedBy, now: DateTime<Utc>) -> Self {
        Self {
            id,
            status: BatchStatus::Pending,
            started_by,
            created_at: now,
            changed_at: now,
            counts: BatchCounts::default(),
            totals: BTreeMap::new(),
            reason: None,
            professionals_left: 0,
            done_on_its_day: 0,
            had_errors: false,
            announced: None,
        }
    }

    /// Starts or reopens the batch. One that waits keeps its status until it is counted again.
    pub fn begin(&mut self, now: DateTime<Utc>) {
        if self.status != BatchStatus::Waiting {
            self.change_to(BatchStatus::Processing, None, now);
        }
    }

    /// Changes the status; an unchanged one keeps its time.
    pub fn change_to(&mut self, status: BatchStatus, reason: Option<String>, now: DateTime<Utc>) {
        if self.status != status {
            self.changed_at = now;
        }
        (self.status, self.reason) = (status, reason);
    }

    /// Notes the end as announced; `false` if it was announced before, or if the batch has not ended.
    pub fn announce_end(&mut self) -> bool {
        let BatchCounts { done, rejected, in_doubt, .. } = self.counts;
        let done_on_its_day = self.done_on_its_day;
        let end = AnnouncedEnd { status: self.status, done, rejected, in_doubt, done_on_its_day };
        let is_end = self.status.has_ended() || self.status == BatchStatus::Failed;
        let is_new = is_end && self.announced != Some(end);
        if is_new {
            self.announced = Some(end);
        }
        is_new
    }
}

/// How the promises about a batch were kept since the end that was announced before.
pub fn kept_since(before: Option<&AnnouncedEnd>, record: &BatchRecord) -> [(Objective, Kept); 2] {
    let (done, on_its_day) = before.map_or((0, 0), |before| (before.done, before.done_on_its_day));
    let transfers = Kept {
        good: record.done_on_its_day.saturating_sub(on_its_day),
        total: record.counts.done.saturating_sub(done),
    };
    // A batch counts once, however often it is reopened.
    let batch = if before.is_none() { Kept::one(!record.had_errors) } else { Kept::default() };
    [(Objective::PayoutsOnTheirDay, transfers), (Objective::BatchesWithoutErrors, batch)]
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
