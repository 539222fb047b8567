//! Rows of findings: each exists once, is listed while open, and is counted in the transaction that changes it, so
//! that the totals are exact.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::finding::{Closing, Finding, FindingStatus};
use super::open::FindingCursor;
use crate::domain::kernel::ids::Ids;
use crate::domain::platform::job::RECONCILIATION_JOB;
use crate::store::error::StoreError;
use crate::store::keys::{self, FINDINGS_LIST, Key};
use crate::store::write::{Expect, Item, Write, text};
use crate::store::{Store, attribute_number};

/// Two runs may change a finding at the same moment; a fifth conflict has another cause.
pub(super) const TRIES: u32 = 5;

/// The result of filing a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileOutcome {
    /// It is new or was reopened.
    New,
    Known,
    /// A person has accepted the same difference.
    Accepted,
}

/// The total differences of all findings, by currency, in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingTotals {
    pub open_amounts: BTreeMap<String, i64>,
    pub accepted_amounts: BTreeMap<String, i64>,
    /// How many are open.
    pub open_findings: u64,
}

impl Store {
    pub async fn finding(&self, finding_id: &str) -> Result<Option<Finding>, StoreError> {
        self.get(Key::finding(finding_id)).await
    }

    pub async fn finding_totals(&self) -> Result<FindingTotals, StoreError> {
        let key = Key::finding_totals();
        let Some(row) = self.get_items(&[key]).await?.pop() else { return Ok(FindingTotals::default()) };
        let amounts = |status: FindingStatus| {
            let own = row.keys().filter_map(|name| {
                let currency = name.strip_prefix(prefix(status)?)?;
                Some((currency.to_owned(), attribute_number(&row, name)?))
            });
            own.collect()
        };
        Ok(FindingTotals {
            open_amounts: amounts(FindingStatus::Open),
            accepted_amounts: amounts(FindingStatus::Accepted),
            open_findings: open_findings_of(&row),
        })
    }

    /// Files a finding once. An explained finding is reopened if it differs again, and an accepted one if its
    /// difference has changed.
    pub async fn file_finding(&self, found: &Finding, ids: &Ids) -> Result<FileOutcome, StoreError> {
        let filed = self.retry_on_conflict(ids, TRIES, |_| async move {
            let known = self.finding(&found.finding_id).await?;
            let filed = match &known {
                Some(known) if known.status == FindingStatus::Open && known.has_same_amounts(found) => {
                    return Ok((Vec::new(), FileOutcome::Known));
                }
                Some(known) if known.status == FindingStatus::Accepted && known.has_same_amounts(found) => {
                    return Ok((Vec::new(), FileOutcome::Accepted));
                }
                Some(known) if known.status == FindingStatus::Open => FileOutcome::Known,
                _ => FileOutcome::New,
            };
            let mut next = Finding { status: FindingStatus::Open, closing: None, ..found.clone() };
            if let Some(known) = known.as_ref().filter(|known| known.status == FindingStatus::Open) {
                next.found_at = known.found_at;
            }
            Ok((finding_writes(known.as_ref(), next)?, filed))
        });
        filed.await
    }

    /// Closes an open finding that is explained now; `false` if it was changed meanwhile.
    pub async fn close_explained_finding(
        &self,
        read: &Finding,
        now: DateTime<Utc>,
        token: Uuid,
    ) -> Result<bool, StoreError> {
        let closing = Closing { at: now, by: RECONCILIATION_JOB.to_owned(), note: None };
        let next = Finding { status: FindingStatus::Explained, closing: Some(closing), ..read.clone() };
        match self.commit(token, finding_writes(Some(read), next)?).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Saves a finding if its version is unchanged, with its change of the totals.
pub(super) fn finding_writes(read: Option<&Finding>, mut next: Finding) -> Result<Vec<Write>, StoreError> {
    let version = read.map_or(0, |read| read.version);
    next.version = version + 1;
    let mut write = Write::put(Key::finding(&next.finding_id), &next)?.expect(Expect::version(version));
    if next.status == FindingStatus::Open {
        let sort_key = FindingCursor::of(&next).sort_key;
        let list = keys::findings_list_of(next.company_id.as_ref());
        write = write.set("list_pk", text(FINDINGS_LIST)).set("list_sk", text(sort_key));
        write = write.set("list_status_pk", text(list));
    }
    let mut writes = vec![write];
    writes.extend(totals_write(read, &next));
    Ok(writes)
}

/// How many are open.
/// How many findings are open, by the row of the totals.
pub(in crate::store) fn open_findings_of(row: &Item) -> u64 {
    attribute_number(row, OPEN_FINDINGS).and_then(|count| count.try_into().ok()).unwrap_or_default()
}

const OPEN_FINDINGS: &str = "open_findings";

/// The prefix of the attributes with the totals of a status.
fn prefix(status: FindingStatus) -> Option<&'static str> {
    match status {
        FindingStatus::Open => Some("amount_open_"),
        FindingStatus::Accepted => Some("amount_accepted_"),
        FindingStatus::Explained => None,
    }
}

/// The change of the totals by a change of a finding; must be in the same transaction.
fn totals_write(before: Option<&Finding>, after: &Finding) -> Option<Write> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for (finding, sign) in before.map(|it| (it, -1)).into_iter().chain([(after, 1)]) {
        if let Some(prefix) = prefix(finding.status) {
            let sum = sums.entry(format!("{prefix}{}", finding.currency)).or_default();
            *sum = sum.saturating_add(finding.difference_amount().saturating_mul(sign));
        }
        if finding.status == FindingStatus::Open {
            *sums.entry(OPEN_FINDINGS.to_owned()).or_default() += sign;
        }
    }
    sums.retain(|_, sum| *sum != 0);
    let row = Write::update(Key::finding_totals());
    (!sums.is_empty()).then(|| sums.into_iter().fold(row, |row, (name, sum)| row.count(name, sum)))
}
