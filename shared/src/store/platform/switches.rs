//! The switches of the deployment and of companies: one partition, so that a run reads all of them in one small,
//! consistent request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::time;
use crate::domain::platform::switch::{SwitchName, SwitchScope, SwitchState, Switches};
use crate::store::company::AuditEntry;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write};
use crate::store::{Query, Store, attribute_text, read_row};

/// The switches of one scope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwitchRow {
    pub switches: Switches,
    /// Incremented with every change; 0 before the first.
    pub version: u64,
}

#[derive(Default, Serialize, Deserialize)]
struct StoredRow {
    /// By name as text: an older version skips a switch that it does not know.
    switches: BTreeMap<String, SwitchState>,
    version: u64,
}

impl From<StoredRow> for SwitchRow {
    fn from(row: StoredRow) -> Self {
        let known =
            row.switches.into_iter().filter_map(|(name, state)| Some((SwitchName::parse(&name)?, state)));
        Self { switches: known.collect(), version: row.version }
    }
}

impl AuditEntry {
    /// Whether it is about this switch. A job may have the same name.
    pub fn is_about(&self, switch: SwitchName) -> bool {
        self.subject == switch.as_str() && self.kind.starts_with("switch.")
    }
}

impl Store {
    /// The switches of every scope in which one was ever turned, strongly consistent.
    pub async fn switch_rows(&self) -> Result<Vec<(SwitchScope, SwitchRow)>, StoreError> {
        let (mut rows, mut start) = (Vec::new(), None);
        loop {
            let page = self.query_items(Query { start, ..Query::partition(keys::SWITCHES_PK) }).await?;
            for item in page.rows {
                let scope = match attribute_text(&item, keys::SK) {
                    Some(keys::DEPLOYMENT) => SwitchScope::Deployment,
                    Some(company) => SwitchScope::Company(
                        CompanyId::parse(company).map_err(|error| StoreError::Shape(error.to_string()))?,
                    ),
                    None => continue,
                };
                rows.push((scope, read_row::<StoredRow>(item)?.into()));
            }
            start = page.next;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }

    /// The switches of one scope.
    pub async fn switch_row(&self, scope: &SwitchScope) -> Result<SwitchRow, StoreError> {
        Ok(self.get::<StoredRow>(Key::switches(scope.company())).await?.unwrap_or_default().into())
    }

    /// Saves the switches of a scope if their version is unchanged.
    pub fn save_switches(&self, scope: &SwitchScope, row: &SwitchRow) -> Result<Write, StoreError> {
        let switches = row.switches.iter().map(|(name, state)| (name.as_str().to_owned(), state.clone()));
        let stored = StoredRow { switches: switches.collect(), version: row.version + 1 };
        let write = Write::put(Key::switches(scope.company()), &stored)?;
        Ok(write.expect(Expect::version(row.version)))
    }

    /// The audit entries about a switch of the whole deployment, oldest first.
    pub async fn deployment_audit_of(&self, switch: SwitchName) -> Result<Vec<AuditEntry>, StoreError> {
        let partition = Key::deployment_audit_pk();
        let (mut entries, mut start) = (Vec::new(), None);
        loop {
            let page = self.query(Query { start, ..Query::partition(&partition) }).await?;
            entries.extend(page.rows.into_iter().filter(|entry: &AuditEntry| entry.is_about(switch)));
            start = page.next;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    /// An audit entry about the whole deployment, for the transaction of its change.
    pub fn audit_deployment(&self, entry: &AuditEntry, unique: &str) -> Result<Write, StoreError> {
        let key = Key::deployment_audit(&time::format(entry.at), &format!("{}#{unique}", entry.kind));
        Ok(Write::put(key, entry)?.expect(Expect::Absent))
    }
}
