//! One run on a payout day.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::entry::BatchTotals;
use crate::kernel::id::InvalidId;
use crate::kernel::money::Currency;

/// The payouts of one day, `payout-2025-11-18-tue`; each company has its own batch of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BatchId(NaiveDate);

const EXPECTED: InvalidId = InvalidId { expected: "a batch id such as payout-2025-11-18-tue" };

impl BatchId {
    /// The batch of a day, if the day is within the years that are written with four digits.
    pub fn new(day: NaiveDate) -> Result<Self, InvalidId> {
        if (0..=9999).contains(&day.year()) { Ok(Self(day)) } else { Err(EXPECTED) }
    }

    /// Reads the id; the day of the week must be that of the day.
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
    /// Planned; nothing has moved.
    Pending,
    /// Transfers are being made; every tick goes on with it.
    Processing,
    /// Nothing is left to do, unless more becomes payable on its day.
    Completed,
    /// It cannot go on by itself; begun again, it goes on where it was.
    Failed,
}

impl BatchStatus {
    /// The word used in keys, JSON and logs.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the next state may follow this one. The same state may follow, because a step whose
    /// answer was lost is taken again. A completed batch goes on when more became payable on its day, or
    /// a person asked again.
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

/// Who started a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub enum StartedBy {
    Schedule,
    /// A person of the platform.
    Person {
        /// The key of the account.
        account: String,
    },
}

/// How many of a batch's bookings are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchCounts {
    pub transfers: u64,
    /// Those of them that Stripe made.
    pub done: u64,
    /// Those of them that Stripe refused, or that were withdrawn.
    pub rejected: u64,
    /// Those of them whose outcome nobody knows.
    pub in_doubt: u64,
    /// Bookings that a debt took all of.
    pub settled: u64,
    /// Bookings left for a later batch.
    pub skipped: u64,
}

impl BatchCounts {
    /// Transfers that still have to end.
    pub fn open(&self) -> u64 {
        self.transfers.saturating_sub(self.done.saturating_add(self.rejected))
    }
}

/// The record of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRecord {
    pub id: BatchId,
    /// How far it is.
    pub status: BatchStatus,
    pub started_by: StartedBy,
    /// When it was planned.
    #[serde(with = "crate::kernel::time")]
    pub created_at: DateTime<Utc>,
    /// When its state changed last.
    #[serde(with = "crate::kernel::time")]
    pub changed_at: DateTime<Utc>,
    /// How many bookings are where.
    pub counts: BatchCounts,
    /// How much of them, by currency.
    #[serde(default)]
    pub totals: BTreeMap<Currency, BatchTotals>,
    /// Why it failed, in one of our own words.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Why a batch cannot take a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefusal {
    /// The one state does not follow the other.
    #[error("a batch that is {} cannot become {}", from.as_str(), to.as_str())]
    Step {
        from: BatchStatus,
        /// Where it was to go.
        to: BatchStatus,
    },
    /// Transfers have not ended, or nobody knows how.
    #[error("{open} transfers of the batch have not ended")]
    Open { open: u64 },
}

impl BatchRecord {
    /// A batch that has been planned.
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

    /// Transfers begin, or go on.
    pub fn begin(&mut self, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        self.step(BatchStatus::Processing, now)?;
        self.reason = None;
        Ok(())
    }

    /// Nothing is left to do. A transfer in doubt is not nothing.
    pub fn complete(&mut self, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        match self.counts.open() {
            0 => self.step(BatchStatus::Completed, now),
            open => Err(BatchRefusal::Open { open }),
        }
    }

    /// It cannot go on by itself.
    pub fn fail(&mut self, reason: &str, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
        self.step(BatchStatus::Failed, now)?;
        self.reason = Some(reason.to_owned());
        Ok(())
    }

    fn step(&mut self, to: BatchStatus, now: DateTime<Utc>) -> Result<(), BatchRefusal> {
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
