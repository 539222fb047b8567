//! Events that were applied although a part of them could not be parsed: listed until they expire.

use super::{EventStatus, Inbox, StoredEvent, occurred};
use crate::domain::kernel::id::CompanyId;
use crate::store::keys::{self, Key};
use crate::store::{Query, Range, StoreError, read_row};

const SHOWN: i32 = 100;

impl Inbox {
    /// The newest of one company, or of those that name no company, and whether there are more.
    pub async fn unread(&self, company: Option<&CompanyId>) -> Result<(Vec<StoredEvent>, bool), StoreError> {
        let list = keys::unread_events_list(company);
        let query = Query {
            index: Some(keys::LIST_STATUS_INDEX),
            hash: ("list_status_pk", &list),
            range: Range::All,
            newest_first: true,
            limit: Some(SHOWN),
            start: None,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let events = self.store.get_items(&keys).await?.into_iter().map(occurred::read_event);
        let mut events = events.collect::<Result<Vec<_>, _>>()?;
        // The index may lag behind; only the row itself has the current status.
        events.retain(|event| event.status == EventStatus::Applied && event.payload_min.unread.is_some());
        Ok((events, page.next.is_some()))
    }
}
