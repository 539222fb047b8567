//! Batches: their progress and the outcome of every booking.

use std::collections::{BTreeSet, HashMap};

use axum::extract::Path;
use shared::auth::Caller;
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::marketplace::payout::{BatchEntry, BatchId, EntryStatus, SkipReason, refusal_sentence};
use shared::domain::platform::effect::Effect;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::marketplace::batch::{BatchEntryCursor, BatchLine, BatchRow};
use shared::views::marketplace::batch::{
    BatchEntryView, BatchSummaryView, BatchTotalsView, BatchView, CarriedView,
};
use shared::views::{ListView, Timestamp};

/// Reasons for withdrawing a transfer before it was sent.
const CHANGED: [&str; 4] = ["already_paid", "disputed", "not_completed", "amount_changed"];

pub(super) async fn list(caller: Caller, parameters: Parameters) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(|text| BatchId::parse(text).ok())?;
    let (batches, next) = caller.company.batches(parameters.limit()?, after).await?;
    let data = batches.iter().map(show).collect();
    Ok(Answer::ok(ListView { data, next_cursor: next.as_ref().map(cursor) }))
}

pub(super) async fn read(
    caller: Caller,
    Path(batch_id): Path<String>,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let batch = BatchId::parse(&batch_id).map_err(|error| Failure::field("batch_id", error.to_string()))?;
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(BatchEntryCursor::parse)?;
    let company = &caller.company;
    let row = company.batch(batch).await?.ok_or(Failure::Absent)?;
    let (entries, next) = company.batch_entries(batch, parameters.limit()?, after.as_ref()).await?;
    let whose: BTreeSet<(ProfessionalId, Currency)> =
        entries.iter().map(|entry| (entry.professional_id.clone(), entry.currency.clone())).collect();
    let lines = company.batch_lines(batch, &whose.into_iter().collect::<Vec<_>>()).await?;
    let open = entries.iter().filter(|entry| entry.status == EntryStatus::Open);
    let open: Vec<(BookingId, String)> =
        open.filter_map(|entry| Some((entry.booking_id, entry.operation.clone()?))).collect();
    let effects = company.actions_of_bookings(&open).await?;
    let effects: HashMap<&str, &Effect> =
        effects.iter().map(|effect| (effect.action.operation.as_str(), effect)).collect();
    let carried = lines.iter().filter(|(.., line)| line.before_amount > 0).map(show_line);
    Ok(Answer::ok(BatchView {
        summary: show(&row),
        data: entries.iter().map(|entry| show_entry(entry, &effects)).collect(),
        carried: carried.collect(),
        next_cursor: next.as_ref().map(cursor),
    }))
}

fn show(row: &BatchRow) -> BatchSummaryView {
    let record = &row.record;
    let totals = record.totals.iter().map(|(currency, totals)| BatchTotalsView {
        currency: currency.clone(),
        transferred_amount: totals.transferred_amount,
        open_amount: totals.open_amount,
        rejected_amount: totals.rejected_amount,
        carried_amount: totals.carried_amount,
        skipped_amount: totals.skipped_amount,
    });
    BatchSummaryView {
        batch_id: record.id,
        status: record.status,
        professionals_left: record.professionals_left,
        started_by: record.started_by.clone(),
        created_at: Timestamp(record.created_at),
        changed_at: Timestamp(record.changed_at),
        counts: record.counts,
        totals: totals.collect(),
        reason: record.reason.clone(),
    }
}

/// A booking in the batch. Until its transfer has ended, the transfer's own status is shown.
fn show_entry(entry: &BatchEntry, effects: &HashMap<&str, &Effect>) -> BatchEntryView {
    let effect = entry.operation.as_deref().and_then(|operation| effects.get(operation));
    let reason = entry.reason.clone().or_else(|| effect.and_then(|effect| effect.reason.clone()));
    BatchEntryView {
        booking_id: entry.booking_id,
        professional_id: entry.professional_id.clone(),
        currency: entry.currency.clone(),
        status: entry.status,
        payable_amount: entry.payable_amount,
        amount: entry.amount,
        carried_amount: entry.carried_amount,
        operation: entry.operation.clone(),
        transfer_id: entry.transfer_id.clone(),
        message: message(entry.status, reason.as_deref()),
        reason,
        tries: effect.map(|effect| effect.tries),
        at: Timestamp(entry.at),
    }
}

/// Why a booking was not paid, as a sentence for the professional.
fn message(status: EntryStatus, reason: Option<&str>) -> Option<&'static str> {
    match status {
        EntryStatus::Done => None,
        EntryStatus::Settled => Some("All of it was kept back for what you owed."),
        EntryStatus::Open => Some(SkipReason::InProgress.sentence()),
        EntryStatus::InDoubt => {
            Some("We are finding out whether this transfer was made. It is not repeated.")
        }
        EntryStatus::Rejected if reason.is_some_and(|reason| CHANGED.contains(&reason)) => Some(
            "The booking changed before the transfer was made. We look at it again on the next payout day.",
        ),
        EntryStatus::Rejected => Some(refusal_sentence(reason.unwrap_or_default())),
        EntryStatus::Skipped => SkipReason::parse(reason?).map(SkipReason::sentence),
    }
}

fn show_line((professional_id, currency, line): &(ProfessionalId, Currency, BatchLine)) -> CarriedView {
    CarriedView {
        professional_id: professional_id.clone(),
        currency: currency.clone(),
        before_amount: line.before_amount,
        used_amount: line.used_amount,
        after_amount: line.after_amount,
    }
}
