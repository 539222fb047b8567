//! Rows of the due index.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::keys::{self, Key};
use super::write::Item;
use super::{Page, Query, Range, Store};

/// The queue of work that is done as soon as it is due: reminders, declines, effects, events.
pub const SWEEP: &str = "sweep";

/// The queue of professionals with payable bookings, processed on payout days.
pub const PAYOUTS: &str = "payouts";

/// The queue of audit entries that must still be sent to the event bus.
pub const EVENTS: &str = "events";

/// The queue of audit entries that must still be sent to analytics only.
pub const ANALYTICS: &str = "analytics";

/// A row of the due index: a key and its due time. The row at that key must be read again to decide what is
/// due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRow {
    #[serde(flatten)]
    pub key: Key,
    #[serde(with = "crate::domain::kernel::time")]
    pub due_at: DateTime<Utc>,
}

impl Store {
    /// One page of the due rows in one shard of a queue, oldest first.
    pub async fn due(
        &self,
        job: &str,
        shard: u8,
        now: DateTime<Utc>,
        start: Option<Item>,
    ) -> Result<Page<DueRow>, StoreError> {
        let hash = format!("{job}#{shard}");
        let now = crate::domain::kernel::time::format(now);
        let query = Query {
            index: Some(keys::DUE_INDEX),
            hash: ("due_shard", &hash),
            range: Range::Between("due_at", "0", &now),
            newest_first: false,
            limit: None,
            start,
        };
        self.query(query).await
    }
}
