//! The record of a batch: created by the first run that has a booking for it, and counted again from its entries
//! by every run that worked on it, and by the sweep until it has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::payout_request::{PayoutRequest, RunLimits};
use super::run::Run;
use super::{Payouts, queue};
use crate::domain::kernel::id::CompanyId;
use crate::domain::marketplace::calendar::PayoutCalendar;
use crate::domain::marketplace::payout::{
    BatchId, BatchProgress, BatchRecord, BatchStatus, StartedBy, kept_since,
};
use crate::domain::platform::action::Source;
use crate::domain::platform::effect::{Effect, EffectStatus};
use crate::due::RowOutcome;
use crate::store::company::AuditEntry;
use crate::store::due::DueRow;
use crate::store::keys::Key;
use crate::store::marketplace::batch::BatchRow;
use crate::store::marketplace::payee::PayeeRow;
use crate::store::retry::retry;
use crate::store::{Company, StoreError};

/// Longer than any run: a run that has not ended by then has crashed.
const RUN_MINUTES: i64 = 6;

/// Two runs may write a record at the same moment; a fifth conflict has another cause.
const TRIES: u32 = 5;

/// As many professionals as one request reads.
const MAX_READ: usize = 100;

impl Payouts<'_> {
    /// Counts a batch that the sweep found, and goes on with professionals whom a provider's failure or a limit
    /// has left, as soon as the provider is back and whatever the hour is.
    pub async fn continue_batch(&self, row: &DueRow) -> Result<RowOutcome, StoreError> {
        let (Some(company_id), Some(batch)) = (row.key.company(), row.key.batch_id()) else {
            return Ok(RowOutcome::Skipped);
        };
        let counted = self.count_batch(&company_id, batch).await?;
        let Some(record) = counted else { return Ok(RowOutcome::Skipped) };
        if record.professionals_left == 0 || record.status.has_ended() || !self.is_continued(batch) {
            return Ok(outcome_of(record.status));
        }
        let limits = RunLimits::of_sweep();
        let request = PayoutRequest::of_schedule(batch, &self.calendar, self.now(), limits);
        let report = self.run(&PayoutRequest { company: Some(company_id), ..request }).await?.report;
        Ok(match () {
            () if report.in_doubt > 0 => RowOutcome::InDoubt,
            () if report.failed > 0 => RowOutcome::FailedAlone,
            () if report.done > 0 => RowOutcome::Done,
            () => RowOutcome::Skipped,
        })
    }

    /// Counts a batch that is due, without going on with it.
    pub(super) async fn work_on_batch(&self, row: &DueRow) -> Result<RowOutcome, StoreError> {
        let (Some(company), Some(batch)) = (row.key.company(), row.key.batch_id()) else {
            return Ok(RowOutcome::Skipped);
        };
        let counted = self.count_batch(&company, batch).await?;
        Ok(counted.map_or(RowOutcome::Skipped, |record| outcome_of(record.status)))
    }

    async fn count_batch(
        &self,
        company: &CompanyId,
        batch: BatchId,
    ) -> Result<Option<BatchRecord>, StoreError> {
        let now = self.now();
        let due_by = now.min(self.calendar.last_moment(batch));
        let mut left = queue::left_by_company(self.store, due_by).await?;
        let left = left.remove(company).unwrap_or_default();
        let count = Count { batch, calendar: &self.calendar, run: None, tripped_by: None, now };
        count.of(&self.store.company(company), &left, self.ids.next()).await
    }

    /// Whether the schedule goes on with who is left of a batch: on payout days, until the next one begins.
    fn is_continued(&self, batch: BatchId) -> bool {
        is_continued(&self.calendar, batch, self.now())
    }
}

fn outcome_of(status: BatchStatus) -> RowOutcome {
    if status.has_ended() { RowOutcome::Done } else { RowOutcome::Skipped }
}

fn is_continued(calendar: &PayoutCalendar, batch: BatchId, now: DateTime<Utc>) -> bool {
    calendar.is_payout_day(batch) && now < calendar.taken_over_at(batch)
}

/// One count of a batch.
struct Count<'a> {
    batch: BatchId,
    calendar: &'a PayoutCalendar,
    /// The run that counts, if one does.
    run: Option<Uuid>,
    /// The code with which Stripe stopped the calling run.
    tripped_by: Option<&'a str>,
    now: DateTime<Utc>,
}

impl Count<'_> {
    /// Counts the batch from its entries and from the professionals who are left, and announces its end; `None`
    /// if there is no such batch.
    async fn of(
        &self,
        company: &Company,
        left: &[DueRow],
        token: Uuid,
    ) -> Result<Option<BatchRecord>, StoreError> {
        let counted = retry(TRIES, |_| async move {
            let Some(mut row) = company.batch(self.batch).await? else { return Ok(None) };
            let progress = self.progress(company, &row, left).await?;
            let due_in = progress.apply(&mut row.record, self.now);
            let announced = row.record.announced;
            let entry =
                row.record.announce_end().then(|| audit_entry_of_end(&row.record, self.now)).flatten();
            let mut writes = vec![company.save_batch(&row, due_in.map(|due_in| self.now + due_in))?];
            if let Some(entry) = entry {
                let kept = kept_since(announced.as_ref(), &row.record).into();
                writes.extend(company.store().objectives_write(&kept, self.now));
                writes.push(company.audit(&entry, &format!("{}#{}", self.batch, row.version))?);
            }
            // Several attempts may have the same token, so it depends on what was read.
            let token = Uuid::new_v5(&token, &row.version.to_be_bytes());
            company.store().commit(token, writes).await?;
            Ok::<_, StoreError>(Some(row.record))
        });
        let counted = counted.await?;
        if let Some(record) = &counted {
            log_status(company, record);
        }
        Ok(counted)
    }

    async fn progress(
        &self,
        company: &Company,
        row: &BatchRow,
        left: &[DueRow],
    ) -> Result<BatchProgress, StoreError> {
        let sums = company.batch_sums(self.batch).await?;
        let failing = failing_transfer(company, &sums.open).await?;
        let (professionals_left, left_reason) = self.professionals_left(company, left).await?;
        let reason_before = row.record.reason.clone().filter(|_| row.record.status == BatchStatus::Waiting);
        let left_reason = left_reason.or(self.tripped_by.map(str::to_owned)).or(reason_before);
        Ok(BatchProgress {
            sums,
            failing,
            professionals_left,
            left_reason: left_reason.filter(|_| professionals_left > 0),
            // Another run may still add transfers.
            other_runs_ended: self.run == Some(row.run)
                || self.now >= row.run_began_at + Duration::minutes(RUN_MINUTES),
            is_continued: is_continued(self.calendar, self.batch, self.now),
            is_day_over: self.now >= self.calendar.ends_at(self.batch),
        })
    }

    /// How many professionals are left, and the code that the first of them waits for. The index lags behind, so
    /// the rows of the first hundred decide.
    async fn professionals_left(
        &self,
        company: &Company,
        left: &[DueRow],
    ) -> Result<(u64, Option<String>), StoreError> {
        let due_by = self.now.min(self.calendar.last_moment(self.batch));
        let keys: Vec<Key> = left.iter().take(MAX_READ).map(|row| row.key.clone()).collect();
        let rows: Vec<PayeeRow> = company.store().get_all(&keys).await?;
        let due: Vec<PayeeRow> =
            rows.into_iter().filter(|row| row.due_at.is_some_and(|at| at <= due_by)).collect();
        let unread = left.len().saturating_sub(MAX_READ);
        let reason = due.iter().find_map(|row| row.waits_for.clone());
        Ok(((due.len() + unread) as u64, reason))
    }
}

/// The code of the first open transfer whose call failed.
async fn failing_transfer(
    company: &Company,
    open: &[(crate::domain::kernel::party::BookingId, String)],
) -> Result<Option<String>, StoreError> {
    if open.is_empty() {
        return Ok(None);
    }
    let effects: Vec<Effect> = company.actions_of_bookings(open).await?;
    let is_failing = |effect: &Effect| {
        effect.tries > 0 && matches!(effect.status, EffectStatus::Prepared | EffectStatus::Sending)
    };
    Ok(effects.into_iter().filter(is_failing).find_map(|effect| effect.reason))
}

/// Every count is one line: what waits is a warning, what needs a person an error.
fn log_status(company: &Company, record: &BatchRecord) {
    let (company_id, batch_id, status) = (company.id(), record.id, record.status.as_str());
    let (reason, left) = (record.reason.as_deref(), record.professionals_left);
    let (done, rejected, in_doubt) = (record.counts.done, record.counts.rejected, record.counts.in_doubt);
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                %company_id, %batch_id, status, reason, provider = "stripe", professionals_left = left, done,
                rejected, in_doubt, $text
            )
        };
    }
    match record.status {
        BatchStatus::Waiting => line!(warn, "a batch waits for a provider"),
        BatchStatus::Incomplete => line!(error, "a batch has ended and is not complete"),
        BatchStatus::Failed => line!(error, "a batch needs a person"),
        BatchStatus::Pending | BatchStatus::Processing | BatchStatus::Completed => {
            line!(info, "a batch was counted")
        }
    }
}

/// The audit entry of a batch that has ended, or that needs a person.
fn audit_entry_of_end(record: &BatchRecord, now: DateTime<Utc>) -> Option<AuditEntry> {
    let is_end = record.status.has_ended() || record.status == BatchStatus::Failed;
    is_end.then(|| AuditEntry {
        at: now,
        kind: format!("payout.batch_{}", record.status.as_str()),
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
            row.record.begin(now);
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

    /// Counts every batch that this run worked on. If that fails, the batch stays in the due index.
    pub(super) async fn count_batches(&self) {
        let companies: Vec<CompanyId> = {
            let batches = self.batches.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            batches.keys().cloned().collect()
        };
        if companies.is_empty() {
            return;
        }
        let batch_id = &self.payout_request.batch;
        let left = match self.left_by_company().await {
            Ok(left) => left,
            Err(error) => return tracing::warn!(%batch_id, %error, "the batches of a run were not counted"),
        };
        for company_id in companies {
            let company = self.payouts.store.company(&company_id);
            let count = Count {
                batch: self.payout_request.batch,
                calendar: &self.payouts.calendar,
                run: Some(self.id),
                tripped_by: self.breaker.tripped_by(),
                now: self.payouts.now(),
            };
            let left = left.get(&company_id).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = count.of(&company, left, self.payouts.ids.next()).await {
                tracing::warn!(%company_id, %batch_id, %error, "a batch was not counted");
            }
        }
    }

    async fn left_by_company(&self) -> Result<BTreeMap<CompanyId, Vec<DueRow>>, StoreError> {
        let day_ends_at = self.payouts.calendar.last_moment(self.payout_request.batch);
        queue::left_by_company(self.payouts.store, self.payouts.now().min(day_ends_at)).await
    }
}
