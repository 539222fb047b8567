//! The lists of open findings: of all companies, of one, and without a company.

use super::finding::{Finding, FindingStatus, MAX_ID_BYTES};
use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::{self, FINDINGS_LIST, Key};
use crate::store::write::{Item, text, with_key};
use crate::store::{Query, Range, Store, attribute_text, read_row};

/// A position in the list of open findings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingCursor {
    pub(super) sort_key: String,
    finding_id: String,
}

impl FindingCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let (found_at, id) = text.split_once('#')?;
        time::parse(found_at).filter(|_| id.len() <= MAX_ID_BYTES)?;
        Some(Self { sort_key: text.to_owned(), finding_id: id.to_owned() })
    }

    pub fn of(finding: &Finding) -> Self {
        let sort_key = format!("{}#{}", time::format(finding.found_at), finding.finding_id);
        Self { sort_key, finding_id: finding.finding_id.clone() }
    }
}

impl std::fmt::Display for FindingCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sort_key)
    }
}

/// One list: its index, the attribute with its name, and its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<'a> {
    pub index: &'static str,
    pub hash: &'static str,
    pub name: &'a str,
}

impl Store {
    /// Open findings of all companies, oldest first, after a position in the list.
    pub async fn open_findings(
        &self,
        limit: u16,
        after: Option<&FindingCursor>,
    ) -> Result<(Vec<Finding>, Option<FindingCursor>), StoreError> {
        let all = List { index: keys::LIST_INDEX, hash: "list_pk", name: FINDINGS_LIST };
        self.open_findings_in(&[all], limit, after).await
    }

    /// Open findings of several lists, merged. A cursor consists of time and id, so that it is valid in each of
    /// them.
    pub(super) async fn open_findings_in(
        &self,
        lists: &[List<'_>],
        limit: u16,
        after: Option<&FindingCursor>,
    ) -> Result<(Vec<Finding>, Option<FindingCursor>), StoreError> {
        let (mut found, mut more) = (Vec::new(), false);
        for list in lists {
            let query = Query {
                index: Some(list.index),
                hash: (list.hash, list.name),
                range: Range::All,
                newest_first: false,
                limit: Some(i32::from(limit)),
                start: after.map(|cursor| start_key(list, cursor)),
            };
            let page = self.query_items(query).await?;
            more |= page.next.is_some();
            for row in page.rows {
                let cursor = attribute_text(&row, "list_sk").and_then(FindingCursor::parse);
                found.extend(cursor.map(|cursor| (cursor, row)));
            }
        }
        found.sort_by(|(one, _), (other, _)| one.sort_key.cmp(&other.sort_key));
        more |= found.len() > usize::from(limit);
        found.truncate(usize::from(limit));
        let next = found.last().map(|(cursor, _)| cursor.clone()).filter(|_| more);
        let keys = found.into_iter().map(|(_, row)| read_row(row)).collect::<Result<Vec<Key>, _>>()?;
        let findings: Vec<Finding> = self.get_all(&keys).await?;
        // An index may lag behind; only the row itself has the current status.
        let open = findings.into_iter().filter(|finding| finding.status == FindingStatus::Open);
        Ok((open.collect(), next))
    }
}

/// The start key of a list after a cursor, whether or not the cursor's finding is in this list.
fn start_key(list: &List<'_>, cursor: &FindingCursor) -> Item {
    let own = [(list.hash, list.name), ("list_sk", cursor.sort_key.as_str())];
    let item = with_key(Item::new(), &Key::finding(&cursor.finding_id));
    item.into_iter().chain(own.map(|(name, value)| (name.to_owned(), text(value)))).collect()
}
