//! Events that could not be applied yet and are tried again: listed from the first failure until they are applied,
//! ignored or set aside.

use super::{EventStatus, Inbox, StoredEvent, occurred};
use crate::domain::kernel::id::CompanyId;
use crate::store::keys::{self, Key};
use crate::store::{Query, Range, StoreError, read_row};

const SHOWN: i32 = 100;

/// An event that waits, and when it is tried again.
#[derive(Debug, Clone)]
pub struct WaitingEvent {
    pub event: StoredEvent,
    pub next_try_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl Inbox {
    /// The oldest of one company, or of those that name no company, and whether there are more.
    pub async fn waiting(
        &self,
        company: Option<&CompanyId>,
    ) -> Result<(Vec<WaitingEvent>, bool), StoreError> {
        let list = keys::waiting_events_list(company);
        let query = Query {
            index: Some(keys::LIST_STATUS_INDEX),
            hash: ("list_status_pk", &list),
            range: Range::All,
            newest_first: false,
            limit: Some(SHOWN),
            start: None,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let mut waiting = Vec::new();
        for row in self.store.get_items(&keys).await? {
            let next_try_at = crate::store::attribute_text(&row, "due_at");
            let next_try_at = next_try_at.and_then(crate::domain::kernel::time::parse);
            let event = occurred::read_event(row)?;
            // The index may lag behind; only the row itself has the current status.
            if event.status == EventStatus::Pending && event.tries > 0 {
                waiting.push(WaitingEvent { event, next_try_at });
            }
        }
        Ok((waiting, page.next.is_some()))
    }
}
