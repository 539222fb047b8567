//! Reads audit entries in the order of time: all of a company, or those about one object.

use chrono::{DateTime, Utc};

use crate::domain::kernel::time;
use crate::store::company::{AuditEntry, Company};
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, text, with_key};
use crate::store::{Query, Range, attribute_text, read_row};

/// Every sort key of an audit entry is less than this.
const END: &str = "~";

/// Longer than every sort key of an audit entry; DynamoDB's limit.
const MAX_POSITION_BYTES: usize = 1024;

/// As many rows as can be read at once.
const MAX_PAGE: u16 = 100;

/// A position in the company's audit log: the sort key of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCursor(String);

impl AuditCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, _) = text.split_once('#')?;
        let is_time = time::parse(at).is_some_and(|parsed| time::format(parsed) == at);
        (is_time && text.len() <= MAX_POSITION_BYTES).then(|| Self(text.to_owned()))
    }
}

impl std::fmt::Display for AuditCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Company {
    /// One page of the company's audit log, oldest first: the entries from `from` on, after a position.
    pub async fn audit_log(
        &self,
        from: Option<DateTime<Utc>>,
        limit: u16,
        after: Option<&AuditCursor>,
    ) -> Result<(Vec<AuditEntry>, Option<AuditCursor>), StoreError> {
        let pk = keys::audit_pk(&self.company);
        self.audit_page((None, keys::PK, &pk, keys::SK), from, limit, after).await
    }

    /// The same of the entries about one object. Entries of versions that did not list them by subject are left
    /// out.
    pub async fn audit_about(
        &self,
        subject: &str,
        from: Option<DateTime<Utc>>,
        limit: u16,
        after: Option<&AuditCursor>,
    ) -> Result<(Vec<AuditEntry>, Option<AuditCursor>), StoreError> {
        let list = keys::audit_subject_list(&self.company, subject);
        let partition = (Some(keys::LIST_STATUS_INDEX), "list_status_pk", list.as_str(), "list_sk");
        self.audit_page(partition, from, limit, after).await
    }

    /// All entries about an object that has few of them, oldest first.
    pub async fn whole_audit_about(&self, subject: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let (mut entries, mut next) = self.audit_about(subject, None, MAX_PAGE, None).await?;
        while let Some(after) = next {
            let page;
            (page, next) = self.audit_about(subject, None, MAX_PAGE, Some(&after)).await?;
            entries.extend(page);
        }
        Ok(entries)
    }

    async fn audit_page(
        &self,
        (index, hash, partition, range): (Option<&str>, &'static str, &str, &'static str),
        from: Option<DateTime<Utc>>,
        limit: u16,
        after: Option<&AuditCursor>,
    ) -> Result<(Vec<AuditEntry>, Option<AuditCursor>), StoreError> {
        let from = from.map(time::format).unwrap_or_default();
        // DynamoDB refuses to start before the range; a position before it means the beginning of the range.
        let start = after.filter(|AuditCursor(position)| *position >= from).map(|AuditCursor(position)| {
            let own = [(hash.to_owned(), text(partition)), (range.to_owned(), text(position))];
            let key = Key::audit_at(&self.company, position);
            with_key(Item::new(), &key).into_iter().chain(own).collect()
        });
        let query = Query {
            index,
            hash: (hash, partition),
            range: if from.is_empty() { Range::All } else { Range::Between(range, &from, END) },
            newest_first: false,
            // One more than wanted, so that a last page has no successor.
            limit: Some(i32::from(limit) + 1),
            start,
        };
        let mut page = self.store.query_items(query).await?;
        let is_last = page.next.is_none() && page.rows.len() <= usize::from(limit);
        page.rows.truncate(usize::from(limit));
        let last = page.rows.last().and_then(|row| attribute_text(row, keys::SK)).map(str::to_owned);
        let entries = match index {
            None => page.rows.into_iter().map(read_row).collect::<Result<_, _>>()?,
            Some(_) => {
                let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
                self.store.get_all(&keys).await?
            }
        };
        Ok((entries, last.filter(|_| !is_last).map(AuditCursor)))
    }
}
