//! The due index, as rows.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::keys::{self, Key};
use super::write::Item;
use super::{Page, Query, Range, Store};

/// The queue of whatever is done as soon as it is due: reminders, declines, effects, events.
pub const SWEEP: &str = "sweep";

/// The queue of the professionals who may be paid, which waits for a payout day.
pub const PAYOUTS: &str = "payouts";

/// The queue of the audit entries that the event bus has yet to hear of.
pub const EVENTS: &str = "events";

/// The queue of the audit entries that analytics alone has yet to hear of.
pub const ANALYTICS: &str = "analytics";

/// A row of the due index: an address and since when it is due. What it is due *for* is decided by
/// the row at that address, read afresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRow {
    /// Where the row is.
    #[serde(flatten)]
    pub key: Key,
    /// Since when it is due.
    #[serde(with = "crate::domain::kernel::time")]
    pub due_at: DateTime<Utc>,
}

impl Store {
    /// One page of what is due in one shard of a job, oldest first.
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
