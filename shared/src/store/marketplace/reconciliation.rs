//! What the reconciliation remembers: how far it has come, what it found, and each of its runs.

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
pub use finding_totals::{FileOutcome, FindingTotals};
pub use open::FindingCursor;
pub use run::{Cash, Reconciliation, ReconciliationRunCursor};

pub const RECONCILIATION_JOB: &str = "reconciliation";

/// How far the reconciliation has come. It moves only together with what was seen on the way, so that
/// nothing is added up twice, however many runs there are at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReconciliationCursor {
    /// From when on events are looked for next.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_from: Option<DateTime<Utc>>,
    /// From when on lines are looked at next.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_from: Option<DateTime<Utc>>,
    /// What all lines so far add up to.
    #[serde(default)]
    pub sums: Sums,
    /// Whose bookings the lines were of.
    #[serde(default)]
    pub companies: BTreeSet<CompanyId>,
    /// Behind which open finding the next run goes on.
    #[serde(default)]
    pub findings_after: Option<String>,
    /// Counts its changes; 0 before the first run.
    #[serde(default)]
    pub version: u64,
}

/// Sums of lines, by currency and kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sums(pub BTreeMap<String, BTreeMap<String, Sum>>);

/// What lines of one kind add up to, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many there were.
    pub lines: u64,
    /// What Stripe says moved.
    pub stripe_amount: i64,
    /// What the books say moved.
    pub books_amount: i64,
    /// What Stripe kept for itself, which is in no books of a booking.
    pub fee_amount: i64,
}

impl Sum {
    /// What Stripe and the books differ by.
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
    /// Takes in lines of one kind.
    pub fn add(&mut self, currency: &str, kind: &str, sum: &Sum) {
        self.0.entry(currency.to_owned()).or_default().entry(kind.to_owned()).or_default().add(sum);
    }

    /// Takes in other sums.
    pub fn merge(&mut self, other: &Self) {
        for (currency, kinds) in &other.0 {
            for (kind, sum) in kinds {
                self.add(currency, kind, sum);
            }
        }
    }

    /// What moved by Stripe's word, by currency, in the kinds that are wanted.
    pub fn moved(&self, is_wanted: impl Fn(&str) -> bool) -> BTreeMap<String, i64> {
        let wanted = |kinds: &BTreeMap<String, Sum>| {
            let kinds = kinds.iter().filter(|(kind, _)| is_wanted(kind));
            kinds.fold(0_i64, |all, (_, sum)| all.saturating_add(sum.stripe_amount))
        };
        self.0.iter().map(|(currency, kinds)| (currency.clone(), wanted(kinds))).collect()
    }
}

impl Store {
    /// How far the reconciliation has come.
    pub async fn reconciliation_cursor(&self) -> Result<ReconciliationCursor, StoreError> {
        Ok(self.get(Key::reconciliation_cursor()).await?.unwrap_or_default())
    }

    /// Moves the cursor on from the version that was read, together with the run that moved it; `false`
    /// where another run was faster.
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
