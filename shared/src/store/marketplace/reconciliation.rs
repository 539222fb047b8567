//! Rows of the reconciliation: its cursor, its findings and its runs.

mod books;
mod finding;
mod finding_scope;
mod finding_totals;
mod open;
mod run;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::kernel::id::CompanyId;
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::write::{Expect, Write};

pub use books::Books;
pub use finding::{Closing, Finding, FindingKind, FindingStatus};
pub use finding_scope::{CloseOutcome, FindingScope};
pub(in crate::store) use finding_totals::open_findings_of;
pub use finding_totals::{FileOutcome, FindingTotals};
pub use open::FindingCursor;
pub use run::{Cash, Reconciliation, ReconciliationRunCursor};

/// The progress of the reconciliation. It advances in one transaction with the sums, so that concurrent runs
/// never add the same lines twice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationCursor {
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_from: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_from: Option<DateTime<Utc>>,
    /// The sums of all lines so far.
    #[serde(default)]
    pub sums: Sums,
    /// The companies whose bookings the lines belonged to.
    #[serde(default)]
    pub companies: BTreeSet<CompanyId>,
    /// The cursor of the open findings for the next run.
    #[serde(default)]
    pub findings_after: Option<String>,
    /// Incremented with every change; 0 before the first run.
    #[serde(default)]
    pub version: u64,
}

/// Sums of lines, by currency and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(pub BTreeMap<String, BTreeMap<String, Sum>>);

/// The sums of lines of one kind, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// The number of lines.
    pub lines: u64,
    pub stripe_amount: i64,
    /// The amount moved according to the ledger.
    pub books_amount: i64,
    /// Stripe's fees, which are not in the ledger.
    pub fee_amount: i64,
}

impl Sum {
    /// Stripe's amount less the ledger's.
    pub fn difference_amount(&self) -> i64 {
        self.stripe_amount.saturating_sub(self.books_amount)
    }

    fn add(&mut self, other: &Self) {
        self.lines = self.lines.saturating_add(other.lines);
        self.stripe_amount = self.stripe_amount.saturating_add(other.stripe_amount);
        self.books_amount = self.books_amount.saturating_add(other.books_amount);
        self.fee_amount = self.fee_amount.saturating_add(other.fee_amount);
    }
}

impl Sums {
    pub fn add(&mut self, currency: &str, kind: &str, sum: &Sum) {
        self.0.entry(currency.to_owned()).or_default().entry(kind.to_owned()).or_default().add(sum);
    }

    pub fn merge(&mut self, other: &Self) {
        for (currency, kinds) in &other.0 {
            for (kind, sum) in kinds {
                self.add(currency, kind, sum);
            }
        }
    }

    /// Stripe's amounts by currency, of the wanted kinds.
    pub fn moved(&self, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<String, i64> {
        let wanted = |kinds: &BTreeMap<String, Sum>| {
            let kinds = kinds.iter().filter(|(kind, _)| is_wanted(kind));
            kinds.fold(0_i64, |all, (_, sum)| all.saturating_add(sum.stripe_amount))
        };
        self.0.iter().map(|(currency, kinds)| (currency.clone(), wanted(kinds))).collect()
    }
}

impl Store {
    pub async fn reconciliation_cursor(&self) -> Result<ReconciliationCursor, StoreError> {
        Ok(self.get(Key::reconciliation_cursor()).await?.unwrap_or_default())
    }

    /// Advances the cursor if its version is unchanged, and saves the run in the same transaction; `false` if
    /// another run was faster.
    pub async fn move_reconciliation(
        &self,
        token: uuid::Uuid,
        cursor: &ReconciliationCursor,
        run: &Reconciliation,
    ) -> Result<bool, StoreError> {
        let next = ReconciliationCursor { version: cursor.version + 1, ..cursor.clone() };
        let write = Write::put(Key::reconciliation_cursor(), &next)?;
        let writes = vec![write.expect(Expect::version(cursor.version)), run.write()?];
        match self.commit(token, writes).await {
            Ok(()) => Ok(true),
            Err(StoreError::Conflict { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
