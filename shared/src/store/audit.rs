//! Audit entries, listed by their kind.

use chrono::{DateTime, Utc};

use super::company::{AuditEntry, Company};
use super::error::StoreError;
use super::keys::{self, Key};
use super::write::Item;
use super::{Page, Query, Range, read_row};
use crate::domain::time;

impl Company {
    /// One page of the entries of a kind that were written from `from` until `until`, oldest first.
    pub async fn audit_of(
        &self,
        kind: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        start: Option<Item>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let list = keys::audit_list(&self.company, kind);
        // An entry's place goes on behind its time, so that one of the very end sorts behind it.
        let (from, until) = (time::write(from), time::write(until));
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", &list),
            range: Range::Between("list_sk", &from, &until),
            newest_first: false,
            limit: Some(100),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        Ok(Page { rows: self.store.get_all(&keys).await?, next: page.next })
    }
}
