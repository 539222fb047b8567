//! The findings that a company's staff may see and close.

use chrono::{DateTime, Utc};

use super::finding::{Closing, Finding, FindingKind, FindingStatus, MAX_ID_BYTES};
use super::finding_totals::{TRIES, finding_writes};
use super::open::{FindingCursor, List};
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::ids::Ids;
use crate::store::company::AuditEntry;
use crate::store::error::StoreError;
use crate::store::{Company, keys};

/// Findings visible to a company: its own and, for the platform company, unowned ones. Any other finding is
/// reported as absent.
#[derive(Debug, Clone, Copy)]
pub struct FindingScope<'a> {
    company: &'a Company,
    is_platform: bool,
}

/// The result of closing a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CloseOutcome {
    Now(Box<Finding>),
    NotOpen(Box<Finding>),
    /// Its transfer is in doubt, and resolving that closes it. Closed by hand, its amount would stay in the totals
    /// and also be recorded in the ledger.
    InDoubt,
    Absent,
}

impl Company {
    /// The findings visible to this company.
    pub fn finding_scope(&self, platform: Option<&CompanyId>) -> FindingScope<'_> {
        FindingScope { company: self, is_platform: platform == Some(&self.company) }
    }
}

impl FindingScope<'_> {
    pub fn is_platform(&self) -> bool {
        self.is_platform
    }

    fn covers(&self, finding: &Finding) -> bool {
        finding.company_id.as_ref().map_or(self.is_platform, |company| *company == self.company.company)
    }

    /// The open findings, oldest first, after a position in the list.
    pub async fn open_findings(
        &self,
        limit: u16,
        after: Option<&FindingCursor>,
    ) -> Result<(Vec<Finding>, Option<FindingCursor>), StoreError> {
        let own = keys::findings_list_of(Some(&self.company.company));
        let unowned = keys::findings_list_of(None);
        let names = [own, unowned];
        let names = if self.is_platform { &names[..] } else { &names[..1] };
        let list = |name| List { index: keys::LIST_STATUS_INDEX, hash: "list_status_pk", name };
        let lists: Vec<List<'_>> = names.iter().map(|name| list(name.as_str())).collect();
        let (mut findings, next) = self.company.store.open_findings_in(&lists, limit, after).await?;
        findings.retain(|finding| self.covers(finding));
        Ok((findings, next))
    }

    /// One finding, open or not.
    pub async fn finding(&self, finding_id: &str) -> Result<Option<Finding>, StoreError> {
        // The table refuses to read a key that is too long.
        if finding_id.len() > MAX_ID_BYTES {
            return Ok(None);
        }
        let found = self.company.store.finding(finding_id).await?;
        Ok(found.filter(|finding| self.covers(finding)))
    }

    /// Accepts an open finding with a person's note; audited in the person's company.
    pub async fn close(
        &self,
        finding_id: &str,
        by: &str,
        note: &str,
        now: DateTime<Utc>,
        ids: &Ids,
    ) -> Result<CloseOutcome, StoreError> {
        let store = &self.company.store;
        let closed = store.retry_on_conflict(ids, TRIES, |_| async move {
            let Some(read) = self.finding(finding_id).await? else {
                return Ok((Vec::new(), CloseOutcome::Absent));
            };
            if read.status != FindingStatus::Open {
                return Ok((Vec::new(), CloseOutcome::NotOpen(Box::new(read))));
            }
            if read.kind == FindingKind::TransferInDoubt {
                return Ok((Vec::new(), CloseOutcome::InDoubt));
            }
            let closing = Closing { at: now, by: by.to_owned(), note: Some(note.to_owned()) };
            let next = Finding { status: FindingStatus::Accepted, closing: Some(closing), ..read.clone() };
            let version = read.version + 1;
            let entry = audit_entry(&next, by, note, now);
            let mut writes = finding_writes(Some(&read), next.clone())?;
            writes.push(self.company.audit(&entry, &format!("{finding_id}#{version}"))?);
            Ok((writes, CloseOutcome::Now(Box::new(Finding { version, ..next }))))
        });
        closed.await
    }
}

/// The audit entry contains the note, because the finding loses it when it is reopened.
fn audit_entry(closed: &Finding, by: &str, note: &str, now: DateTime<Utc>) -> AuditEntry {
    let detail = serde_json::json!({
        "kind": closed.kind,
        "difference_amount": closed.difference_amount(),
        "currency": closed.currency,
        "note": note,
    });
    AuditEntry {
        at: now,
        kind: "finding.closed".to_owned(),
        subject: closed.finding_id.clone(),
        cause: by.to_owned(),
        source: None,
        detail: Some(detail.to_string()),
    }
}
