//! Audit entries: written in the transaction of their change, listed by subject and by kind, and sent to
//! listeners.

use chrono::{DateTime, Utc};

use crate::domain::kernel::time;
use crate::domain::platform::announcement;
use crate::store::company::{AuditEntry, Company};
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Item, Write, text};
use crate::store::{Page, Query, Range, read_row};

/// The longest hash key of an index.
const MAX_KEY_BYTES: usize = 2_048;

impl Company {
    /// An audit entry, for the transaction of its change. It is listed with the other entries about its subject.
    /// If there are listeners, the same row is also queued in the outbox. `unique` distinguishes entries of the
    /// same time and kind.
    pub fn audit(&self, entry: &AuditEntry, unique: &str) -> Result<Write, StoreError> {
        let key = Key::audit(&self.company, &time::format(entry.at), &format!("{}#{unique}", entry.kind));
        let list = keys::audit_subject_list(&self.company, &entry.subject);
        let position = text(&key.sk);
        let write = Write::put(key, entry)?.expect(Expect::Absent);
        // DynamoDB refuses longer keys; no id is that long.
        let write = if list.len() <= MAX_KEY_BYTES {
            write.set("list_status_pk", text(list)).set("list_sk", position)
        } else {
            write
        };
        let queue = self.store.listeners.first_queue().filter(|_| announcement::is_announced(&entry.kind));
        Ok(match queue {
            Some(queue) => write.due(queue, Some(entry.at)),
            None => write,
        })
    }

    /// An audit entry that is also listed by its kind.
    pub(in crate::store) fn audit_listed(
        &self,
        entry: &AuditEntry,
        unique: &str,
    ) -> Result<Write, StoreError> {
        let list = keys::audit_list(&self.company, &entry.kind);
        Ok(self.audit(entry, unique)?.set("list_pk", text(list)))
    }

    /// One page of the entries of a kind that were written from `from` until before `until`, oldest first.
    pub async fn audit_of(
        &self,
        kind: &str,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        start: Option<Item>,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let list = keys::audit_list(&self.company, kind);
        // A sort key continues after its time, so an entry of exactly `until` sorts after it and is left out.
        let (from, until) = (time::format(from), time::format(until));
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
