//! The histories of payout batches, findings and jobs: their current rows with the audit entries about them.

use shared::domain::marketplace::payout::{BatchId, StartedBy};
use shared::domain::platform::action::Actor;
use shared::domain::platform::job::{Job, RECONCILIATION_JOB};
use shared::store::StoreError;
use shared::store::marketplace::batch::BatchRow;
use shared::store::marketplace::reconciliation::Finding;
use shared::store::platform::job::LastRun;
use shared::views::Timestamp;
use shared::views::platform::history::{HistoryEntryKind, HistoryEntryView};

use super::HistoryReader;
use super::audit;
use super::entry::{Entry, positioned};

impl HistoryReader<'_> {
    pub(super) async fn batch(&self, batch_id: BatchId) -> Result<Option<Vec<Entry>>, StoreError> {
        let Some(row) = self.company.batch(batch_id).await? else { return Ok(None) };
        self.with_audit(&batch_id.to_string(), vec![of_batch(&row)]).await.map(Some)
    }

    pub(super) async fn finding(&self, finding_id: &str) -> Result<Option<Vec<Entry>>, StoreError> {
        let scope = self.company.finding_scope(self.app.config.platform_company.as_ref());
        let Some(finding) = scope.finding(finding_id).await? else { return Ok(None) };
        self.with_audit(finding_id, of_finding(&finding)).await.map(Some)
    }

    /// The newest run of a job, which concerns all companies.
    pub(super) async fn job(&self, job: Job) -> Result<Option<Vec<Entry>>, StoreError> {
        let run = self.store.runs(job.name).await?.map(|runs| runs.last);
        self.with_audit(job.name, run.iter().map(of_run).collect()).await.map(Some)
    }

    async fn with_audit(
        &self,
        subject: &str,
        views: Vec<HistoryEntryView>,
    ) -> Result<Vec<Entry>, StoreError> {
        let audit = self.company.whole_audit_about(subject).await?;
        let audit = audit.iter().map(|entry| audit::show(entry, &[]));
        Ok(positioned(views).chain(positioned(audit)).collect())
    }
}

fn of_batch(BatchRow { record, .. }: &BatchRow) -> HistoryEntryView {
    let mut view =
        HistoryEntryView::new(Timestamp(record.changed_at), HistoryEntryKind::Batch, "payout_batch");
    view.actor = Some(match &record.started_by {
        StartedBy::Schedule => Actor::Schedule.id().to_owned(),
        StartedBy::Person { account } => account.clone(),
    });
    view.status = Some(record.status.as_str().to_owned());
    view.reason.clone_from(&record.reason);
    view.detail = serde_json::to_string(&record.counts).ok();
    view.batch_id = Some(record.id);
    view
}

/// A finding, and how the reconciliation closed it; that a person closed it is in the audit log.
fn of_finding(finding: &Finding) -> Vec<HistoryEntryView> {
    let view = |at, name: &'static str| {
        let mut view = HistoryEntryView::new(Timestamp(at), HistoryEntryKind::Finding, name);
        view.actor = Some(Actor::Schedule.id().to_owned());
        view.cause = Some(RECONCILIATION_JOB.to_owned());
        view.status = Some(finding.status.as_str().to_owned());
        view.booking_id = finding.booking_id;
        view
    };
    let mut found = view(finding.found_at, finding.kind.as_str());
    found.reference.clone_from(&finding.line_id);
    found.detail = Some(format!(
        "Stripe {}, ledger {}, in minor units of {}",
        finding.stripe_amount, finding.books_amount, finding.currency
    ));
    let closed = finding.closing.as_ref().filter(|closing| closing.by == RECONCILIATION_JOB);
    let closed = closed.map(|closing| view(closing.at, "finding.closed"));
    [found].into_iter().chain(closed).collect()
}

fn of_run(run: &LastRun) -> HistoryEntryView {
    let view = HistoryEntryView::new(Timestamp(run.ended_at), HistoryEntryKind::Run, &*run.report.job);
    HistoryEntryView {
        actor: Some(Actor::Schedule.id().to_owned()),
        detail: serde_json::to_string(&run.report).ok(),
        ..view
    }
}
