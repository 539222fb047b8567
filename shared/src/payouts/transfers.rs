//! Transfers that were decided and not made: left by a run that died, was over, or was turned away.

use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, stream};
use tokio::time::Instant;
use uuid::Uuid;

use super::gate::Gate;
use super::{Bounds, Payouts, batch};
use crate::domain::booking::Booking;
use crate::domain::effect::{EffectState, Request};
use crate::domain::job::Report;
use crate::domain::payout::TransferRequest;
use crate::due::Worked;
use crate::effects::{self, Outcome, Senders};
use crate::store::due::{DueRow, SWEEP};
use crate::store::keys::DUE_SHARDS;
use crate::store::{RowKind, Store, StoreError};

/// What every operation of a transfer begins with.
const OPERATION: &str = "payout:";

/// Rows of one run: at eight at a time and a tenth of a second each, half a minute.
const MAX_ROWS: usize = 2_000;

/// Pages read of one shard of the sweep's queue, most of which is others' business.
const PAGES_PER_SHARD: usize = 40;

/// Finishes a transfer that is due. One that was never sent, and is not what the booking asks for any more,
/// is withdrawn: the next batch decides about the booking as it is then.
pub async fn work_on_transfer(
    store: &Store,
    row: &DueRow,
    senders: Senders<'_>,
    owner: Uuid,
    now: DateTime<Utc>,
) -> Result<(Worked, Option<String>), StoreError> {
    let ids = (row.key.company(), row.key.booking_id(), row.key.operation());
    let (Some(company), Some(booking_id), Some(operation)) = ids else {
        return Ok((Worked::Skipped, None));
    };
    let company = store.company(&company);
    let Some(effect) = company.action(booking_id, operation).await? else {
        return Ok((Worked::Skipped, None));
    };
    if effect.state.is_final() {
        return Ok((Worked::Skipped, None));
    }
    if effect.state == EffectState::Prepared
        && let Request::Transfer(request) = &effect.request
        && !still_asks_for(company.booking(booking_id).await?.booking().as_ref(), request)
    {
        effects::withdraw(&company, booking_id, &effect, "booking_changed", senders, now).await?;
        return Ok((Worked::Done, None));
    }
    let outcome = effects::perform_read(&company, booking_id, effect, senders, owner, now).await?;
    let Outcome::Stands(effect) = outcome else { return Ok((Worked::Skipped, None)) };
    tracing::info!(%booking_id, effect = %effects::describe(&effect), "transfer attempted");
    Ok(match effect.state {
        EffectState::Done | EffectState::Rejected => (Worked::Done, None),
        EffectState::Unknown => (Worked::InDoubt, effect.reason),
        EffectState::Prepared | EffectState::Sending => (Worked::Failed, effect.reason),
    })
}

/// Whether a booking still asks for just this money.
fn still_asks_for(booking: Option<&Booking>, request: &TransferRequest) -> bool {
    let share = request.amount.saturating_add(request.metadata.carried_amount);
    booking.is_some_and(|booking| {
        !booking.dispute_open && booking.payout.is_none() && booking.amounts.payable == share
    })
}

/// The transfers and batches that are due in the sweep's queue. The sweep works on them too; whoever comes
/// second finds nothing.
pub(super) async fn finish(payouts: &Payouts<'_>, bounds: Bounds) -> Result<Report, StoreError> {
    let (started, now) = (Instant::now(), payouts.now());
    let (rows, more) = due(payouts.store, now).await?;
    let (transfers, batches): (Vec<DueRow>, Vec<DueRow>) =
        rows.into_iter().partition(|row| row.key.kind() == RowKind::BookingAction);
    let due = (transfers.len() + batches.len()) as u64;
    let report = Mutex::new(Report { due, more, ..Report::default() });
    let gate = Gate::of(bounds.run_time);
    let (report_ref, gate_ref) = (&report, &gate);
    let note = move |worked: Result<(Worked, Option<String>), StoreError>| {
        let mut report = report_ref.lock().unwrap_or_else(PoisonError::into_inner);
        match worked {
            Ok((Worked::Done, _)) => report.done += 1,
            Ok((Worked::InDoubt, _)) => report.in_doubt += 1,
            Ok((Worked::Skipped, _)) | Err(StoreError::Conflict { .. }) => report.skipped += 1,
            Ok((Worked::Failed, reason)) => {
                report.failed += 1;
                gate_ref.note_not_sent(reason.as_deref().unwrap_or_default());
            }
            Err(error) => {
                tracing::error!(%error, "a transfer could not be worked on");
                report.failed += 1;
            }
        }
    };
    let note = &note;
    let at_once = bounds.payees_at_once;
    stream::iter(transfers)
        .for_each_concurrent(at_once, |row| async move {
            if !gate_ref.is_open() {
                report_ref.lock().unwrap_or_else(PoisonError::into_inner).more = true;
                return note(Ok((Worked::Skipped, None)));
            }
            let owner = (payouts.new_id)();
            note(work_on_transfer(payouts.store, &row, payouts.senders, owner, payouts.now()).await);
        })
        .await;
    for row in &batches {
        let worked = batch::work_on_batch(payouts.store, row, (payouts.new_id)(), payouts.now()).await;
        note(worked.map(|worked| (worked, None)));
    }
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.duration_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

async fn due(store: &Store, now: DateTime<Utc>) -> Result<(Vec<DueRow>, bool), StoreError> {
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
        RowKind::BookingAction => row.key.operation().is_some_and(|name| name.starts_with(OPERATION)),
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
