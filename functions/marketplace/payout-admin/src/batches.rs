//! Batches: their progress and the outcome of every booking.

use std::collections::{BTreeSet, HashMap};

use axum::extract::Path;
use serde_json::{Value, json};
use shared::auth::Caller;
use shared::domain::kernel::money::Currency;
use shared::domain::kernel::party::{BookingId, ProfessionalId};
use shared::domain::kernel::time;
use shared::domain::marketplace::payout::{BatchEntry, BatchId, EntryStatus, SkipReason, StartedBy};
use shared::domain::platform::effect::Effect;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::marketplace::batch::{BatchEntryCursor, BatchLine, BatchRow};

/// Reasons for withdrawing a transfer before it was sent.
const CHANGED: [&str; 4] = ["already_paid", "disputed", "not_completed", "amount_changed"];

pub(super) async fn list(caller: Caller, parameters: Parameters) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(|text| BatchId::parse(text).ok())?;
    let (batches, next) = caller.company.batches(parameters.limit()?, after).await?;
    let data: Vec<Value> = batches.iter().map(show).collect();
    Ok(Answer::ok(json!({"data": data, "next_cursor": next.as_ref().map(cursor)})))
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
    let data: Vec<Value> = entries.iter().map(|entry| show_entry(entry, &effects)).collect();
    let carried: Vec<Value> =
        lines.iter().filter(|(.., line)| line.before_amount > 0).map(show_line).collect();
    let mut answer = show(&row);
    answer["data"] = json!(data);
    answer["carried"] = json!(carried);
    answer["next_cursor"] = json!(next.as_ref().map(cursor));
    Ok(Answer::ok(answer))
}

fn show(row: &BatchRow) -> Value {
    let record = &row.record;
    let started_by = match &record.started_by {
        StartedBy::Schedule => json!({"kind": "schedule"}),
        StartedBy::Person { account } => json!({"kind": "person", "account": account}),
    };
    let totals = record.totals.iter().map(|(currency, totals)| {
        json!({
            "currency": currency,
            "transferred_amount": totals.transferred_amount,
            "open_amount": totals.open_amount,
            "rejected_amount": totals.rejected_amount,
            "carried_amount": totals.carried_amount,
            "skipped_amount": totals.skipped_amount,
        })
    });
    json!({
        "batch_id": record.id,
        "status": record.status,
        "started_by": started_by,
        "created_at": time::format(record.created_at),
        "changed_at": time::format(record.changed_at),
        "counts": record.counts,
        "totals": totals.collect::<Vec<_>>(),
        "reason": record.reason,
    })
}

/// A booking in the batch. Until its transfer has ended, the transfer's own status is shown.
fn show_entry(entry: &BatchEntry, effects: &HashMap<&str, &Effect>) -> Value {
    let effect = entry.operation.as_deref().and_then(|operation| effects.get(operation));
    let reason = entry.reason.clone().or_else(|| effect.and_then(|effect| effect.reason.clone()));
    json!({
        "booking_id": entry.booking_id,
        "professional_id": entry.professional_id,
        "currency": entry.currency,
        "status": entry.status,
        "payable_amount": entry.payable_amount,
        "amount": entry.amount,
        "carried_amount": entry.carried_amount,
        "operation": entry.operation,
        "transfer_id": entry.transfer_id,
        "message": message(entry.status, reason.as_deref()),
        "reason": reason,
        "tries": effect.map(|effect| effect.tries),
        "at": time::format(entry.at),
    })
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
        EntryStatus::Rejected if reason == Some("balance_insufficient") => {
            Some(SkipReason::PlatformBalanceLow.sentence())
        }
        EntryStatus::Rejected => Some(SkipReason::TransferRefused.sentence()),
        EntryStatus::Skipped => SkipReason::parse(reason?).map(SkipReason::sentence),
    }
}

fn show_line((professional_id, currency, line): &(ProfessionalId, Currency, BatchLine)) -> Value {
    json!({
        "professional_id": professional_id,
        "currency": currency,
        "before_amount": line.before_amount,
        "used_amount": line.used_amount,
        "after_amount": line.after_amount,
    })
}
