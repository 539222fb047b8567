//! Rows of payout batches: the batch's record, a line for each professional and currency, and an entry for each
//! booking.

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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRow {
    #[serde(flatten)]
    pub record: BatchRecord,
    /// The newest run that works on the batch.
    pub run: Uuid,
    #[serde(with = "crate::domain::kernel::time")]
    pub run_began_at: DateTime<Utc>,
    /// Incremented with every change; 0 for a new row.
    pub version: u64,
}

impl Company {
    pub async fn batch(&self, batch: BatchId) -> Result<Option<BatchRow>, StoreError> {
        self.store.get(Key::batch(&self.company, batch)).await
    }

    /// Batches, newest day first, after the day of a batch.
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

    /// Saves a batch if its version is unchanged; the sweep checks it again at `due_at`.
    pub fn save_batch(&self, row: &BatchRow, due_at: Option<DateTime<Utc>>) -> Result<Write, StoreError> {
        let read_version = row.version;
        let row = BatchRow { version: read_version + 1, ..row.clone() };
        let write = Write::put(Key::batch(&self.company, row.record.id), &row)?.due(SWEEP, due_at);
        Ok(write.expect(Expect::version(read_version)))
    }
}
