//! Rows that are due and were not processed, which indicates that a scheduler has stopped or that their company is
//! set aside.

use chrono::{DateTime, Duration, Utc};
use shared::domain::platform::switch::SwitchedOff;
use shared::domain::platform::waiting::WaitingKind;
use shared::due::is_held;
use shared::http::Failure;
use shared::store::due::{DueRow, SWEEP};
use shared::store::keys::DUE_SHARDS;
use shared::store::{Company, RowKind, Store};
use shared::views::Timestamp;
use shared::views::platform::operations::OverdueView;
use shared::views::platform::waiting::WaitingView;

/// The runs come every five minutes: a row overdue for three of them was not just left to the next run.
const LISTED_AFTER_MINUTES: i64 = 15;

/// A row overdue for longer indicates that the scheduler has stopped for all companies.
const COUNTED_AFTER_MINUTES: i64 = 60;

/// The company's overdue rows on the first page of each shard, oldest first, and whether there may be more.
pub(super) async fn list(
    store: &Store,
    company: &Company,
    switched_off: &SwitchedOff,
    now: DateTime<Utc>,
) -> Result<(Vec<WaitingView>, bool), Failure> {
    let (rows, more) = due_before(store, now - Duration::minutes(LISTED_AFTER_MINUTES)).await?;
    let own = rows.iter().filter(|row| row.key.company().as_ref() == Some(company.id()));
    Ok((own.map(|row| show(row, switched_off)).collect(), more))
}

/// The overdue rows of all companies, without those that a switch holds back.
pub(super) async fn count(
    store: &Store,
    switched_off: &SwitchedOff,
    now: DateTime<Utc>,
) -> Result<OverdueView, Failure> {
    let (mut rows, more) = due_before(store, now - Duration::minutes(COUNTED_AFTER_MINUTES)).await?;
    rows.retain(|row| !is_held(&row.key, switched_off));
    let oldest = rows.iter().map(|row| row.due_at).min();
    Ok(OverdueView { count: rows.len(), more, oldest_due_at: oldest.map(Timestamp) })
}

async fn due_before(store: &Store, before: DateTime<Utc>) -> Result<(Vec<DueRow>, bool), Failure> {
    let (mut rows, mut more) = (Vec::new(), false);
    for shard in 0..DUE_SHARDS {
        let page = store.due(SWEEP, shard, before, None).await?;
        rows.extend(page.rows);
        more |= page.next.is_some();
    }
    Ok((rows, more))
}

fn show(row: &DueRow, switched_off: &SwitchedOff) -> WaitingView {
    let reason = match row.key.kind() {
        _ if is_held(&row.key, switched_off) => "switched_off",
        RowKind::Case => "case_overdue",
        RowKind::Booking => "booking_overdue",
        RowKind::Batch => "batch_overdue",
        RowKind::Settings => "settings_overdue",
        _ => "effect_overdue",
    };
    WaitingView {
        case_id: row.key.case_id(),
        booking_id: row.key.booking_id(),
        batch_id: row.key.batch_id(),
        operation: row.key.operation().map(str::to_owned),
        ..WaitingView::new(WaitingKind::Overdue, row.due_at).because(None, Some(reason))
    }
}
