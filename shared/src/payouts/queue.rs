//! The due professionals in a fair order: companies alternate, and the longest-waiting professional comes first.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use super::{PayoutRequest, Payouts};
use crate::domain::kernel::id::CompanyId;
use crate::domain::platform::switch::SwitchedOff;
use crate::due::is_held;
use crate::store::due::{DueRow, PAYOUTS};
use crate::store::keys::DUE_SHARDS;
use crate::store::{Store, StoreError};

/// Pages read per shard: enough to skip a quarter of a million rows of other companies.
const PAGES_PER_SHARD: usize = 40;

/// The due professionals in processing order.
#[derive(Default)]
pub(super) struct Due {
    pub(super) rows: VecDeque<DueRow>,
    /// Professionals left for a later run.
    pub(super) left: u64,
    /// Professionals whose payouts are switched off.
    pub(super) held: u64,
    pub(super) more: bool,
}

/// Loads the due professionals; those whose payouts are switched off are only counted.
pub(super) async fn load_due(
    payouts: &Payouts<'_>,
    payout_request: &PayoutRequest,
    switched_off: &SwitchedOff,
) -> Result<Due, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| shard_rows(payouts, payout_request, switched_off, shard));
    let (mut rows, mut held, mut more) = (VecDeque::new(), 0, false);
    for shard in futures_util::future::join_all(shards).await {
        let shard = shard?;
        rows.extend(shard.rows);
        held += shard.held;
        more |= shard.more;
    }
    let mut rows = order_fairly(rows);
    let left = rows.len().saturating_sub(payout_request.limits.payees) as u64;
    rows.truncate(payout_request.limits.payees);
    Ok(Due { rows, left, held, more: more || left > 0 })
}

/// Whether a professional of any company is due.
pub(super) async fn is_any_payee_due(store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| store.due(PAYOUTS, shard, now, None));
    let pages = futures_util::future::try_join_all(shards).await?;
    Ok(pages.iter().any(|page| !page.rows.is_empty()))
}

/// The professionals of each company who are due by a time, whether or not a run holds them.
pub(super) async fn left_by_company(
    store: &Store,
    due_by: DateTime<Utc>,
) -> Result<BTreeMap<CompanyId, Vec<DueRow>>, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| due_rows(store, shard, due_by));
    let mut left: BTreeMap<CompanyId, Vec<DueRow>> = BTreeMap::new();
    for rows in futures_util::future::try_join_all(shards).await? {
        for row in rows {
            if let Some(company) = row.key.company() {
                left.entry(company).or_default().push(row);
            }
        }
    }
    Ok(left)
}

async fn due_rows(store: &Store, shard: u8, due_by: DateTime<Utc>) -> Result<Vec<DueRow>, StoreError> {
    let (mut rows, mut start) = (Vec::new(), None);
    for _ in 0..PAGES_PER_SHARD {
        let page = store.due(PAYOUTS, shard, due_by, start).await?;
        rows.extend(page.rows);
        start = page.next;
        if start.is_none() {
            break;
        }
    }
    Ok(rows)
}

async fn shard_rows(
    payouts: &Payouts<'_>,
    payout_request: &PayoutRequest,
    switched_off: &SwitchedOff,
    shard: u8,
) -> Result<Due, StoreError> {
    let (mut found, mut start) = (Due::default(), None);
    for _ in 0..PAGES_PER_SHARD {
        let page = payouts.store.due(PAYOUTS, shard, payout_request.due_by, start).await?;
        let is_wanted = |row: &DueRow| match (&payout_request.company, row.key.company()) {
            (_, None) => false,
            (None, _) => true,
            (Some(wanted), Some(company)) => *wanted == company,
        };
        let (held, rows): (Vec<DueRow>, Vec<DueRow>) =
            page.rows.into_iter().filter(is_wanted).partition(|row| is_held(&row.key, switched_off));
        found.held += held.len() as u64;
        found.rows.extend(rows);
        start = page.next;
        if start.is_none() || found.rows.len() >= payout_request.limits.payees {
            break;
        }
    }
    found.more = start.is_some();
    Ok(found)
}

/// Alternates between companies. Within a company, and within each round, the longest-waiting professional comes
/// first.
fn order_fairly(rows: VecDeque<DueRow>) -> VecDeque<DueRow> {
    let mut rows = Vec::from(rows);
    rows.sort_by(|a, b| (a.due_at, &a.key.pk).cmp(&(b.due_at, &b.key.pk)));
    let mut seen: BTreeMap<Option<CompanyId>, u32> = BTreeMap::new();
    let mut rounds: Vec<(u32, DueRow)> = Vec::with_capacity(rows.len());
    for row in rows {
        let round = seen.entry(row.key.company()).or_default();
        *round += 1;
        rounds.push((*round, row));
    }
    rounds.sort_by_key(|(round, _)| *round);
    rounds.into_iter().map(|(_, row)| row).collect()
}
