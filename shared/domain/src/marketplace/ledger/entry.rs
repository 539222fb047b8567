//! Ledger entries. An entry that does not balance cannot be created.

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

/// The change of the ledger by one fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct LedgerEntry {
    record: Record,
}

/// The stored form of an entry; only a balanced one becomes a [`LedgerEntry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    id: uuid::Uuid,
    #[serde(with = "crate::kernel::time")]
    at: DateTime<Utc>,
    booking_id: BookingId,
    cause: Kind,
    postings: Vec<Posting>,
}

/// Why postings do not form an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEntry {
    /// Debits and credits differ in some currency.
    #[error("the postings of an entry add up to nothing")]
    Unbalanced,
    /// No posting, or a posting of zero.
    #[error("an entry has postings, and each has an amount")]
    Empty,
    /// Two postings on one account in one currency.
    #[error("an entry has one posting on an account")]
    Twice,
    /// An amount that does not fit into an `i64`.
    #[error("an amount is beyond the books")]
    Range,
}

impl LedgerEntry {
    /// An entry, if its postings are valid. They are sorted, so that equal entries have equal forms.
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

    /// The id, derived from the booking and the fact, so that the same fact is posted once.
    pub fn id(&self) -> uuid::Uuid {
        self.record.id
    }

    /// The time of the fact.
    pub fn at(&self) -> DateTime<Utc> {
        self.record.at
    }

    pub fn booking_id(&self) -> BookingId {
        self.record.booking_id
    }

    /// The kind of the fact.
    pub fn cause(&self) -> Kind {
        self.record.cause
    }

    /// The postings, sorted by account.
    pub fn postings(&self) -> &[Posting] {
        &self.record.postings
    }

    /// Its amount on one account in one currency; 0 if there is none.
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
