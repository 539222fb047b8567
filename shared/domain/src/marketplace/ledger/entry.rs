//! Entries, which add up to nothing or do not exist.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::account::LedgerAccount;
use crate::kernel::money::Currency;
use crate::kernel::party::BookingId;
use crate::marketplace::booking::Kind;

/// An amount on one account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Posting {
    pub account: LedgerAccount,
    /// Minor units: a debit is positive, a credit negative.
    pub amount: i64,
    pub currency: Currency,
}

/// What one fact changed in the books.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct LedgerEntry {
    record: Record,
}

/// An entry as it is written down; only one that adds up becomes an [`LedgerEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: uuid::Uuid,
    #[serde(with = "crate::kernel::time")]
    at: DateTime<Utc>,
    booking_id: BookingId,
    cause: Kind,
    postings: Vec<Posting>,
}

/// Why postings are no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntry {
    /// Debits and credits differ in some currency.
    #[error("the postings of an entry add up to nothing")]
    Unbalanced,
    /// No posting, or one of nothing.
    #[error("an entry has postings, and each has an amount")]
    Empty,
    /// Two postings on one account in one currency.
    #[error("an entry has one posting on an account")]
    Twice,
    /// An amount beyond the books.
    #[error("an amount is beyond the books")]
    Range,
}

impl LedgerEntry {
    /// An entry, if its postings are one. They are sorted, so that one entry has one form.
    pub fn new(
        id: uuid::Uuid,
        at: DateTime<Utc>,
        booking_id: BookingId,
        cause: Kind,
        mut postings: Vec<Posting>,
    ) -> Result<Self, InvalidEntry> {
        postings.sort();
        let mut sums: BTreeMap<&Currency, i128> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for posting in &postings {
            if posting.amount == 0 {
                return Err(InvalidEntry::Empty);
            }
            if !seen.insert((&posting.account, &posting.currency)) {
                return Err(InvalidEntry::Twice);
            }
            *sums.entry(&posting.currency).or_default() += i128::from(posting.amount);
        }
        match () {
            () if sums.is_empty() => Err(InvalidEntry::Empty),
            () if sums.values().any(|sum| *sum != 0) => Err(InvalidEntry::Unbalanced),
            () => Ok(Self { record: Record { id, at, booking_id, cause, postings } }),
        }
    }

    /// The id, which follows from the booking and the fact: the same fact posts once.
    pub fn id(&self) -> uuid::Uuid {
        self.record.id
    }

    /// When the fact happened.
    pub fn at(&self) -> DateTime<Utc> {
        self.record.at
    }

    /// The booking it belongs to.
    pub fn booking_id(&self) -> BookingId {
        self.record.booking_id
    }

    /// What kind of fact it follows from.
    pub fn cause(&self) -> Kind {
        self.record.cause
    }

    /// The postings, by account.
    pub fn postings(&self) -> &[Posting] {
        &self.record.postings
    }

    /// What it puts on one account in one currency.
    pub fn amount_on(&self, account: &LedgerAccount, currency: &Currency) -> i64 {
        let on = |posting: &&Posting| posting.account == *account && posting.currency == *currency;
        self.postings().iter().find(on).map_or(0, |posting| posting.amount)
    }
}

impl TryFrom<Record> for LedgerEntry {
    type Error = InvalidEntry;
    fn try_from(record: Record) -> Result<Self, InvalidEntry> {
        Self::new(record.id, record.at, record.booking_id, record.cause, record.postings)
    }
}

impl From<LedgerEntry> for Record {
    fn from(entry: LedgerEntry) -> Record {
        entry.record
    }
}
