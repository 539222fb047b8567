//! Rows of the reconciliation's runs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Sums;
use crate::domain::kernel::time;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key, reconciliation::RECONCILIATION_PK, reconciliation::RUN_PREFIX};
use crate::store::write::{Item, Write, with_key};
use crate::store::{Page, Query, Range, Store};

/// One run of the reconciliation. It is saved with every advance of the cursor, so that an interrupted run
/// still shows what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    pub run_id: Uuid,
    #[serde(with = "crate::domain::kernel::time")]
    pub started_at: DateTime<Utc>,
    /// Absent while it runs, and if it was interrupted.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_from: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_until: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_from: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_until: Option<DateTime<Utc>>,
    /// The sums of this run's lines.
    #[serde(default)]
    pub sums: Sums,
    /// Events that Stripe listed.
    pub events: u64,
    /// Those of them that had never been delivered and were received now.
    pub events_fetched: u64,
    /// Lines that were matched.
    pub lines: u64,
    /// Lines that the ledger explains.
    pub explained: u64,
    /// Lines that the ledger explains after a missing fact was recorded. Older rows call it `mended`.
    #[serde(alias = "mended")]
    pub backfilled: u64,
    pub findings: u64,
    /// Findings that were closed because they are explained now.
    pub closed: u64,
    /// Transfers whose outcome is unknown.
    pub in_doubt: u64,
    /// The cash of the ledger and of Stripe, by currency; empty until a run is complete.
    #[serde(default)]
    pub cash: BTreeMap<String, Cash>,
    /// One of our own reason codes for an incomplete run. Older rows call it `trouble`.
    #[serde(default, alias = "trouble")]
    pub error: Option<String>,
    /// Whether the next run has to continue.
    pub more: bool,
}

/// The cash of all bookings in one currency since the first run, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cash {
    /// The sum of Stripe's balance lines.
    pub stripe_amount: i64,
    /// The sum of the ledger's cash accounts.
    pub books_amount: i64,
    /// The difference of the open findings.
    pub open_amount: i64,
    /// The difference of the accepted findings.
    pub accepted_amount: i64,
}

impl Cash {
    /// The amount that neither the ledger nor a finding explains. Any value but zero needs an investigation.
    pub fn unexplained_amount(&self) -> i64 {
        self.stripe_amount
            .saturating_sub(self.books_amount)
            .saturating_sub(self.open_amount)
            .saturating_sub(self.accepted_amount)
    }
}

/// A position in the list of runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationRunCursor(String);

impl ReconciliationRunCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('#')?;
        (time::parse(at).is_some() && Uuid::parse_str(id).is_ok()).then(|| Self(text.to_owned()))
    }

    fn of(run: &Reconciliation) -> Self {
        Self(format!("{}#{}", time::format(run.started_at), run.run_id))
    }
}

impl std::fmt::Display for ReconciliationRunCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Reconciliation {
    /// A run that has just started.
    pub fn started(run_id: Uuid, started_at: DateTime<Utc>) -> Self {
        Self {
            run_id,
            started_at,
            ended_at: None,
            events_from: None,
            events_until: None,
            lines_from: None,
            lines_until: None,
            sums: Sums::default(),
            events: 0,
            events_fetched: 0,
            lines: 0,
            explained: 0,
            backfilled: 0,
            findings: 0,
            closed: 0,
            in_doubt: 0,
            cash: BTreeMap::new(),
            error: None,
            more: false,
        }
    }

    pub(super) fn write(&self) -> Result<Write, StoreError> {
        Write::put(Key::reconciliation(&ReconciliationRunCursor::of(self).0), self)
    }
}

impl Store {
    /// Saves a run that has ended.
    pub async fn end_reconciliation(&self, run: &Reconciliation) -> Result<(), StoreError> {
        self.change::<serde::de::IgnoredAny>(run.write()?).await.map(drop)
    }

    /// Runs, newest first, after a position in the list.
    pub async fn reconciliations(
        &self,
        limit: u16,
        after: Option<&ReconciliationRunCursor>,
    ) -> Result<(Vec<Reconciliation>, Option<ReconciliationRunCursor>), StoreError> {
        let query = Query {
            range: Range::Prefix(keys::SK, RUN_PREFIX),
            newest_first: true,
            limit: Some(i32::from(limit)),
            start: after.map(|cursor| with_key(Item::new(), &Key::reconciliation(&cursor.0))),
            ..Query::partition(RECONCILIATION_PK)
        };
        let page: Page<Reconciliation> = self.query(query).await?;
        let last = page.rows.last().map(ReconciliationRunCursor::of);
        Ok((page.rows, page.next.and(last)))
    }
}
