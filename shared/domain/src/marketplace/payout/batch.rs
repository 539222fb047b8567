//! The batch of a payout day.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::entry::BatchTotals;
use crate::kernel::id::InvalidId;
use crate::kernel::money::Currency;

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
    /// All transfers have ended; it is reopened if more becomes payable on its day.
    Completed,
    /// It cannot continue automatically; a new run continues it.
    Failed,
}

impl BatchStatus {
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the status may change to `next`. It may stay the same, because a step whose response was lost is
    /// repeated. A completed batch is reopened if more became payable on its day, or if a person requests
    /// another run.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Pending | Self::Processing | Self::Failed)
                | (Self::Processing, Self::Processing | Self::Completed | Self::Failed)
                | (Self::Failed, Self::Failed | Self::Processing)
                | (Self::Completed, Self::Completed | Self::Processing)
        )
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
    /// One of our own reason codes for a failure.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Why a batch's status cannot change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefusal {
    /// The change is not allowed.
    #[error("a batch that is {} cannot become {}", from.as_str(), to.as_str())]
    Step { from: BatchStatus, to: BatchStatus },
    /// Transfers have not ended, or their outcome is unknown.
    #[error("{open} transfers of the batch have not ended")]
    Open { open: u64 },
}

impl BatchRecord {
    pub fn planned(id: BatchId, started_by: StartedBy, now: DateTime<Utc>) -> Self {
        let counts = BatchCounts::default();
        let status = BatchStatus::Pending;
        Self {
            id,
            status,
            started_by,
            created_at: now,
            changed_at: now,
            counts,
            totals: BTreeMap::new(),
            reason: None,
        }
    }

    /// Starts or reopens the batch.
    pub fn begin(&mut self, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        self.change_status(BatchStatus::Processing, now)?;
        self.reason = None;
        Ok(())
    }

    /// Completes the batch; refused while transfers are open or in doubt.
    pub fn complete(&mut self, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        match self.counts.open() {
            0 => self.change_status(BatchStatus::Completed, now),
            open => Err(BatchRefusal::Open { open }),
        }
    }

    /// Marks the batch as unable to continue automatically.
    pub fn fail(&mut self, reason: &str, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        self.change_status(BatchStatus::Failed, now)?;
        self.reason = Some(reason.to_owned());
        Ok(())
    }

    fn change_status(&mut self, to: BatchStatus, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        if !self.status.may_become(to) {
            return Err(BatchRefusal::Step { from: self.status, to });
        }
        if self.status != to {
            self.changed_at = now;
        }
        self.status = to;
        Ok(())
    }
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod tests;
