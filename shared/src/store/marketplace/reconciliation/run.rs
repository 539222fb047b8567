//! Reconciliations, the newest first.

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

/// One run of the reconciliation. What it saw is written together with the cursor, part by part, so that
/// a run that is cut off still tells what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    pub run_id: Uuid,
    #[serde(with = "crate::domain::kernel::time")]
    pub started_at: DateTime<Utc>,
    /// When it ended; absent while it runs, and where it was cut off.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub ended_at: Option<DateTime<Utc>>,
    /// From when on events were looked for.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_from: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub events_until: Option<DateTime<Utc>>,
    /// From when on lines were looked at.
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_from: Option<DateTime<Utc>>,
    #[serde(default, with = "crate::domain::kernel::time::option")]
    pub lines_until: Option<DateTime<Utc>>,
    /// What the lines of this run add up to.
    #[serde(default)]
    pub sums: Sums,
    /// Events that were looked at.
    pub events: u64,
    /// Events among them that had never come in, and did now.
    pub events_fetched: u64,
    /// Lines that were looked at.
    pub lines: u64,
    /// Lines that the books explain.
    pub explained: u64,
    /// Lines that the books explain since a missing fact was recorded. Rows of earlier versions call it `mended`.
    #[serde(alias = "mended")]
    pub backfilled: u64,
    pub findings: u64,
    /// Findings that are explained now.
    pub closed: u64,
    /// Transfers whose outcome nobody knows yet.
    pub in_doubt: u64,
    /// The cash in the books against the cash at Stripe, by currency; empty until a run comes to its end.
    #[serde(default)]
    pub cash: BTreeMap<String, Cash>,
    /// What kept the run from its end, in one of our own words.
    #[serde(default)]
    pub trouble: Option<String>,
    /// Whether the next run goes on where this one stopped.
    pub more: bool,
}

/// The cash of all bookings in one currency, since the beginning, in minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cash {
    /// By the lines of Stripe's balance.
    pub stripe_amount: i64,
    /// By the cash accounts of the books.
    pub books_amount: i64,
    /// What the open findings differ by.
    pub open_amount: i64,
    /// What the findings differ by that a person closed.
    pub accepted_amount: i64,
}

impl Cash {
    /// What is neither in the books nor in any finding. Anything but nothing means that somebody has to
    /// look.
    pub fn unexplained_amount(&self) -> i64 {
        self.stripe_amount
            .saturating_sub(self.books_amount)
            .saturating_sub(self.open_amount)
            .saturating_sub(self.accepted_amount)
    }
}

/// A place in the list of reconciliations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconciliationRunCursor(String);

impl ReconciliationRunCursor {
    /// Reads what `to_string` wrote.
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
    /// A run that begins.
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
            trouble: None,
            more: false,
        }
    }

    pub(super) fn write(&self) -> Result<Write, StoreError> {
        Write::put(Key::reconciliation(&ReconciliationRunCursor::of(self).0), self)
    }
}

impl Store {
    /// Writes down how a run ended.
    pub async fn end_reconciliation(&self, run: &Reconciliation) -> Result<(), StoreError> {
        self.change::<serde::de::IgnoredAny>(run.write()?).await.map(drop)
    }

    /// Reconciliations, the newest first, after a place in the list.
    pub async fn reconciliations(
        &self,
        limit: u16,
        after: Option<&ReconciliationRunCursor>,
    ) -> Result<(Vec<Reconciliation>, Option<ReconciliationRunCursor>), StoreError> {
        let query = Query {
            range: Range::Prefix(keys::SK, RUN_PREFIX),
            newest_first: true,
            limit: Some(i32::from(limit)),
            start: after.map(|place| with_key(Item::new(), &Key::reconciliation(&place.0))),
            ..Query::partition(RECONCILIATION_PK)
        };
        let page: Page<Reconciliation> = self.query(query).await?;
        let last = page.rows.last().map(ReconciliationRunCursor::of);
        Ok((page.rows, page.next.and(last)))
    }
}
