//! The unfinished work of earlier runs: transfers that were planned and not made, because a run crashed, ran
//! out of time or was refused by Stripe; and batches that are not completed.

use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;

use super::circuit_breaker::CircuitBreaker;
use super::{Payouts, RunLimits};
use crate::bookings::Bookings;
use crate::domain::marketplace::payout::OPERATION_PREFIX;
use crate::domain::platform::job::Report;
use crate::due::{RowOutcome, is_held};
use crate::store::due::{DueRow, SWEEP};
use crate::store::keys::DUE_SHARDS;
use crate::store::{RowKind, Store, StoreError};

/// Rows per run: at twelve at a time and a fifth of a second each, half a minute.
const MAX_ROWS: usize = 2_000;

/// Pages read per shard of the sweep's queue, most of whose rows are of other kinds.
const PAGES_PER_SHARD: usize = 40;

/// Processes the due transfers and batches of the sweep's queue. The sweep processes them too; the second worker
/// finds them claimed or done.
pub(super) async fn finish(payouts: &Payouts<'_>, limits: RunLimits) -> Result<Report, StoreError> {
    let started = Instant::now();
    let switched_off = payouts.effect_clients.switches.current(payouts.store, payouts.now()).await?;
    let (rows, more) = load_due(payouts.store, payouts.now()).await?;
    let due = rows.len() as u64;
    let (held, rows): (Vec<DueRow>, Vec<DueRow>) =
        rows.into_iter().partition(|row| is_held(&row.key, &switched_off));
    let held = held.len() as u64;
    let report = Report { due, skipped: held, switched_off: held, more, ..Report::default() };
    let (transfers, batches): (Vec<DueRow>, Vec<DueRow>) =
        rows.into_iter().partition(|row| row.key.kind() == RowKind::BookingAction);
    let finish = Finish { payouts, breaker: CircuitBreaker::of(limits.run_time), report: Mutex::new(report) };
    let (bookings, finish_ref) = (&finish.bookings(), &finish);
    stream::iter(transfers)
        .for_each_concurrent(limits.payees_at_once, |row| async move {
            if finish_ref.breaker.allows_calls() {
                finish_ref.count_result(bookings.work_on(&row).await.worked);
            } else {
                finish_ref.skip_row();
            }
        })
        .await;
    for row in &batches {
        let worked = payouts.work_on_batch(row).await;
        finish.count_result(worked.unwrap_or_else(|error| {
            tracing::error!(row = %row.key, %error, "a batch could not be counted");
            RowOutcome::Failed
        }));
    }
    let mut report = finish.report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.duration_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

pub(super) async fn has_unfinished_rows(store: &Store, now: DateTime<Utc>) -> Result<bool, StoreError> {
    Ok(!load_due(store, now).await?.0.is_empty())
}

struct Finish<'a> {
    payouts: &'a Payouts<'a>,
    breaker: CircuitBreaker,
    report: Mutex<Report>,
}

impl Finish<'_> {
    fn bookings(&self) -> Bookings<'_> {
        let Payouts { store, effect_clients, ids, .. } = self.payouts;
        Bookings { store, effect_clients: *effect_clients, ids }
    }

    fn count_result(&self, worked: RowOutcome) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        worked.count_in(&mut report);
        if worked == RowOutcome::Failed {
            self.breaker.record_not_sent("");
        }
    }

    /// Leaves one row for the next tick.
    fn skip_row(&self) {
        let mut report = self.report.lock().unwrap_or_else(PoisonError::into_inner);
        report.skipped += 1;
        report.more = true;
    }
}

async fn load_due(store: &Store, now: DateTime<Utc>) -> Result<(Vec<DueRow>, bool), StoreError> {
    let shards = (0..DUE_SHARDS).map(|shard| shard_rows(store, shard, now));
    let (mut rows, mut more) = (Vec::new(), false);
    for shard in futures_util::future::join_all(shards).await {
        let (found, unread) = shard?;
        rows.extend(found);
        more |= unread;
    }
    rows.sort_by(|a, b| (a.due_at, &a.key.pk).cmp(&(b.due_at, &b.key.pk)));
    more |= rows.len() > MAX_ROWS;
    rows.truncate(MAX_ROWS);
    Ok((rows, more))
}

async fn shard_rows(store: &Store, shard: u8, now: DateTime<Utc>) -> Result<(Vec<DueRow>, bool), StoreError> {
    let is_ours = |row: &DueRow| match row.key.kind() {
        RowKind::BookingAction => row.key.operation().is_some_and(|name| name.starts_with(OPERATION_PREFIX)),
        kind => kind == RowKind::Batch,
    };
    let (mut rows, mut start) = (Vec::new(), None);
    for _ in 0..PAGES_PER_SHARD {
        let page = store.due(SWEEP, shard, now, start).await?;
        rows.extend(page.rows.into_iter().filter(is_ours));
        start = page.next;
        if start.is_none() || rows.len() >= MAX_ROWS {
            break;
        }
    }
    Ok((rows, start.is_some()))
}
