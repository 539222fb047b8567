//! The due professionals in a fair order: companies alternate, and the longest-waiting professional comes first.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use super::{PayoutRequest, Payouts};
use crate::domain::kernel::id::CompanyId;
use crate::store::due::{DueRow, PAYOUTS};
use crate::store::keys::DUE_SHARDS;
use crate::store::{Store, StoreError};

/// Pages read per shard: enough to skip a quarter of a million rows of other companies.
const PAGES_PER_SHARD: usize = 40;

/// The due professionals in processing order.
pub(super) struct Due {
    pub(super) rows: VecDeque<DueRow>,
    /// Professionals left for a later run.
    pub(super) left: u64,
    pub(super) more: bool,
}

pub(super) async fn load_due(
    payouts: &Payouts<'_>,
    payout_request: &PayoutRequest,
) -> Result<Due, StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| shard_rows(payouts, payout_request, shard));
    let (mut rows, mut more) = (Vec::new(), false);
    for shard in futures_util::future::join_all(shards).await {
        let (found, unread) = shard?;
        rows.extend(found);
        more |= unread;
    }
    let mut rows = order_fairly(rows);
    let left = rows.len().saturating_sub(payout_request.limits.payees) as u64;
    rows.truncate(payout_request.limits.payees);
    Ok(Due { rows, left, more: more || left > 0 })
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
    shard: u8,
) -> Result<(Vec<DueRow>, bool), StoreError> {
    let (mut rows, mut start) = (Vec::new(), None);
    for _ in 0..PAGES_PER_SHARD {
        let page = payouts.store.due(PAYOUTS, shard, payout_request.due_by, start).await?;
        let is_wanted = |row: &DueRow| match (&payout_request.company, row.key.company()) {
            (_, None) => false,
            (None, _) => true,
            (Some(wanted), Some(company)) => *wanted == company,
        };
        rows.extend(page.rows.into_iter().filter(is_wanted));
        start = page.next;
        if start.is_none() || rows.len() >= payout_request.limits.payees {
            break;
        }
    }
    Ok((rows, start.is_some()))
}

/// Alternates between companies. Within a company, and within each round, the longest-waiting professional comes
/// first.
fn order_fairly(mut rows: Vec<DueRow>) -> VecDeque<DueRow> {
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
