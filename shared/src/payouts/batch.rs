//! The record of a batch: created by the first run that has a booking for it, and recounted from its entries by
//! every run that worked on it.

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::run::Run;
use crate::domain::marketplace::payout::{BatchId, BatchRecord, BatchStatus, StartedBy};
use crate::domain::platform::action::Source;
use crate::due::RowOutcome;
use crate::store::company::AuditEntry;
use crate::store::due::DueRow;
use crate::store::marketplace::batch::BatchRow;
use crate::store::retry::retry;
use crate::store::{Company, Store, StoreError};

/// Longer than any run: a run that has not ended by then has crashed.
const RUN_MINUTES: i64 = 6;

/// How often the sweep checks whether the transfers of a batch have ended.
const OPEN_MINUTES: i64 = 5;

/// How often the sweep checks whether transfers in doubt have been resolved.
const DOUBT_MINUTES: i64 = 60;

/// Two runs may write a record at the same moment; a fifth conflict has another cause.
const TRIES: u32 = 5;

/// Recounts a batch that the sweep found, and completes it once all its transfers have ended.
pub async fn work_on_batch(
    store: &Store,
    row: &DueRow,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<RowOutcome, StoreError> {
    let (Some(company), Some(batch)) = (row.key.company(), row.key.batch_id()) else {
        return Ok(RowOutcome::Skipped);
    };
    let status = recount(&store.company(&company), batch, None, token, now).await?;
    Ok(if status == Some(BatchStatus::Completed) { RowOutcome::Done } else { RowOutcome::Skipped })
}

/// Recounts a batch from its entries; `None` if there is no such batch. `run` is the calling run.
async fn recount(
    company: &Company,
    batch: BatchId,
    run: Option<Uuid>,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<BatchStatus>, StoreError> {
    let recounted = retry(TRIES, |_| async move {
        let Some(mut row) = company.batch(batch).await? else { return Ok(None) };
        let before = row.record.clone();
        let sums = company.batch_sums(batch).await?;
        // Another run may still add transfers.
        let other_runs_ended =
            run == Some(row.run) || now >= row.run_began_at + Duration::minutes(RUN_MINUTES);
        (row.record.counts, row.record.totals) = (sums.counts, sums.totals);
        let due_in = update_status(&mut row.record, other_runs_ended, now);
        if row.record.status == before.status {
            row.record.changed_at = before.changed_at;
        }
        let status = row.record.status;
        let mut writes = vec![company.save_batch(&row, due_in.map(|due_in| now + due_in))?];
        if status != before.status
            && let Some(entry) = audit_entry_of_end(&row.record, now)
        {
            writes.push(company.audit(&entry, &format!("{batch}#{}", row.version))?);
        }
        // Several attempts may have the same token, so it depends on what was read.
        let token = Uuid::new_v5(&token, &row.version.to_be_bytes());
        company.store().commit(token, writes).await?;
        Ok(Some(status))
    });
    recounted.await
}

/// Updates the status from the counts; returns the time until the next check.
fn update_status(record: &mut BatchRecord, other_runs_ended: bool, now: DateTime<Utc>) -> Option<Duration> {
    // Every status may change to this one.
    let _always = record.begin(now);
    let open = record.counts.open();
    if open == 0 && other_runs_ended {
        return record.complete(now).err().map(|_| Duration::minutes(OPEN_MINUTES));
    }
    if open > 0 && open == record.counts.in_doubt && other_runs_ended {
        let _always = record.fail("transfers_in_doubt", now);
        return Some(Duration::minutes(DOUBT_MINUTES));
    }
    Some(Duration::minutes(OPEN_MINUTES))
}

/// The audit entry of a batch that is completed, or that needs a person.
fn audit_entry_of_end(record: &BatchRecord, now: DateTime<Utc>) -> Option<AuditEntry> {
    let status =
        matches!(record.status, BatchStatus::Completed | BatchStatus::Failed).then(|| record.status.as_str());
    Some(AuditEntry {
        at: now,
        kind: format!("payout.batch_{}", status?),
        subject: record.id.to_string(),
        cause: match &record.started_by {
            StartedBy::Schedule => "schedule".to_owned(),
            StartedBy::Person { account } => account.clone(),
        },
        source: Some(match &record.started_by {
            StartedBy::Schedule => Source::Cron,
            StartedBy::Person { .. } => Source::Staff,
        }),
        detail: serde_json::to_string(&record.counts).ok(),
    })
}

impl Run<'_> {
    /// Creates or reopens the batch of a company, once per run.
    pub(super) async fn begin_batch(&self, company: &Company) -> Result<(), StoreError> {
        let cell = {
            let mut batches = self.batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            Arc::clone(batches.entry(company.id().clone()).or_default())
        };
        cell.get_or_try_init(|| self.write_batch_start(company)).await.map(drop)
    }

    async fn write_batch_start(&self, company: &Company) -> Result<(), StoreError> {
        let (now, payout_request) = (self.payouts.now(), self.payout_request);
        let (store, ids) = (company.store(), self.payouts.ids);
        let begun = store.retry_on_conflict(ids, TRIES, |_| async {
            let read = company.batch(payout_request.batch).await?;
            let mut row = read.unwrap_or_else(|| BatchRow {
                record: BatchRecord::planned(payout_request.batch, payout_request.started_by.clone(), now),
                run: self.id,
                run_began_at: now,
                version: 0,
            });
            let _always = row.record.begin(now);
            (row.run, row.run_began_at) = (self.id, now);
            let due_at = now + Duration::minutes(RUN_MINUTES);
            let mut writes = vec![company.save_batch(&row, Some(due_at))?];
            if let StartedBy::Person { account } = &payout_request.started_by {
                let entry = AuditEntry {
                    at: now,
                    kind: "payouts.processed".to_owned(),
                    subject: payout_request.batch.to_string(),
                    cause: account.clone(),
                    source: None,
                    detail: None,
                };
                writes.push(company.audit(&entry, &self.id.to_string())?);
            }
            Ok::<_, StoreError>((writes, ()))
        });
        begun.await
    }

    /// Recounts every batch that this run worked on. If that fails, the batch stays in the due index.
    pub(super) async fn recount_batches(&self) {
        let companies: Vec<_> = {
            let batches = self.batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            batches.keys().cloned().collect()
        };
        for company in companies {
            let company = self.payouts.store.company(&company);
            let token = self.payouts.ids.next();
            let counted =
                recount(&company, self.payout_request.batch, Some(self.id), token, self.payouts.now()).await;
            if let Err(error) = counted {
                let (company_id, batch_id) = (company.id(), &self.payout_request.batch);
                tracing::warn!(%company_id, %batch_id, %error, "a batch was not counted");
            }
        }
    }
}
