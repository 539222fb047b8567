//! Payout batches, as rows: the record of each, a line for each professional and currency in it, and an
//! entry for each booking.

mod entry;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::marketplace::payout::{BatchId, BatchRecord};
use crate::store::company::Company;
use crate::store::due::SWEEP;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Item, Write, with_key};
use crate::store::{Page, Query, Range};

pub use entry::{BatchEntryCursor, BatchLine};

/// A batch as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRow {
    #[serde(flatten)]
    pub record: BatchRecord,
    /// The newest run that works on it.
    pub run: Uuid,
    /// Since when that run does.
    #[serde(with = "crate::domain::kernel::time")]
    pub run_began_at: DateTime<Utc>,
    /// Counts its changes; 0 for one that is not written yet.
    pub version: u64,
}

impl Company {
    /// The record of a batch.
    pub async fn batch(&self, batch: BatchId) -> Result<Option<BatchRow>, StoreError> {
        self.store.get(Key::batch(&self.company, batch)).await
    }

    /// The records of batches, the newest day first, after a day.
    pub async fn batches(
        &self,
        limit: u16,
        after: Option<BatchId>,
    ) -> Result<(Vec<BatchRow>, Option<BatchId>), StoreError> {
        let pk = keys::batches_pk(&self.company);
        let start = after.map(|batch| with_key(Item::new(), &Key::batch(&self.company, batch)));
        let limit = Some(i32::from(limit));
        let query = Query { range: Range::All, newest_first: true, limit, start, ..Query::partition(&pk) };
        let page: Page<BatchRow> = self.store.query(query).await?;
        let last = page.rows.last().map(|row| row.record.id);
        Ok((page.rows, page.next.and(last)))
    }

    /// The record of a batch over the version that was read; the sweep looks at it again at `due_at`.
    pub fn save_batch(&self, row: &BatchRow, due_at: Option<DateTime<Utc>>) -> Result<Write, StoreError> {
        let read_version = row.version;
        let row = BatchRow { version: read_version + 1, ..row.clone() };
        let write = Write::put(Key::batch(&self.company, row.record.id), &row)?.due(SWEEP, due_at);
        Ok(write.expect(Expect::version(read_version)))
    }
}
