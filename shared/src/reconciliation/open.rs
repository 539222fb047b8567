//! Checks open findings again: closes those that are explained now, and updates those that have changed.

use std::collections::{HashMap, HashSet};

use super::backfill::Origin;
use super::line::{self, Line};
use super::match_lines::MatchOutcome;
use super::walk::LOOK_UP_REFUSED;
use super::{Run, RunError, stripe_record};
use crate::providers::stripe::balance::BalanceTransaction;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::marketplace::reconciliation::{Finding, FindingCursor, FindingKind};

/// Lines that are matched with the ledger at a time.
const AT_ONCE: usize = 100;

impl Run<'_> {
    /// Checks findings from before this run again, continuing where the last run stopped.
    pub(super) async fn recheck_findings(&mut self) -> Result<(), RunError> {
        let after = self.cursor.findings_after.as_deref().and_then(FindingCursor::parse);
        let limit = self.limits.findings_per_run;
        let (findings, next) = self.store.open_findings(limit, after.as_ref()).await?;
        let older = findings.into_iter().filter(|finding| finding.found_at < self.summary.started_at);
        let (by_line, without_line): (Vec<_>, Vec<_>) = older.partition(|finding| finding.line_id.is_some());
        for findings in by_line.chunks(AT_ONCE) {
            self.recheck_lines(findings).await?;
        }
        for finding in &without_line {
            self.recheck_transfer(finding).await?;
        }
        let next = next.as_ref().map(FindingCursor::to_string);
        if next != self.cursor.findings_after {
            let cursor = crate::store::marketplace::reconciliation::ReconciliationCursor {
                findings_after: next,
                ..self.cursor.clone()
            };
            self.advance(cursor, self.summary.clone()).await?;
        }
        Ok(())
    }

    async fn recheck_lines(&mut self, findings: &[Finding]) -> Result<(), RunError> {
        let ids: HashSet<String> = findings.iter().filter_map(|finding| finding.line_id.clone()).collect();
        let lines: HashMap<String, BalanceTransaction> = self.fetch_lines_by_id(ids).await?;
        let of_line: HashMap<&str, &Finding> =
            findings.iter().filter_map(|finding| Some((finding.line_id.as_deref()?, finding))).collect();
        let mut lines: Vec<Line> = lines.into_values().map(line::parse_line).collect();
        // Oldest first, as in the first run over them.
        lines.sort_by_key(|line| line.created);
        for matched in self.match_lines(lines).await? {
            if let Some(finding) = of_line.get(matched.line.id.as_str()) {
                if matched.is_unseen() {
                    self.summary.error.get_or_insert_with(|| LOOK_UP_REFUSED.to_owned());
                }
                self.apply_outcome(finding, matched.outcome).await?;
            }
        }
        Ok(())
    }

    /// A transfer that was missing at Stripe may exist now.
    async fn recheck_transfer(&mut self, finding: &Finding) -> Result<(), RunError> {
        let queried_at = self.reconciler.clock.now();
        let owner = finding.company_id.clone().zip(finding.booking_id);
        let owner = owner.map(|(company_id, booking_id)| BookingOwner { company_id, booking_id });
        let mut found = self.fetch_transfers(HashSet::from([finding.finding_id.clone()])).await?;
        let Some(transfer) = found.remove(&finding.finding_id) else { return Ok(()) };
        let mut books_by_booking = self.books_by_booking(owner.iter()).await?;
        let origin = Origin { id: &finding.finding_id, created: transfer.created, queried_at };
        let record = stripe_record::of_transfer(&transfer);
        let mut outcome = self.match_record(&record, owner.as_ref(), &mut books_by_booking, origin).await?;
        if let MatchOutcome::Found(found) = &mut outcome {
            found.line_id = transfer.balance_transaction;
        }
        self.apply_outcome(finding, outcome).await
    }

    async fn apply_outcome(&mut self, finding: &Finding, outcome: MatchOutcome) -> Result<(), RunError> {
        match outcome {
            MatchOutcome::Explained | MatchOutcome::Backfilled => {
                self.summary.backfilled += u64::from(matches!(outcome, MatchOutcome::Backfilled));
                self.close(finding).await
            }
            MatchOutcome::Found(found) => {
                self.summary.in_doubt += u64::from(found.kind == FindingKind::TransferInDoubt);
                self.store.file_finding(&found, self.reconciler.intake.ids).await?;
                // An unknown line was filed under its own id; now it is filed under the id of its Stripe record.
                if found.finding_id == finding.finding_id { Ok(()) } else { self.close(finding).await }
            }
        }
    }

    async fn close(&mut self, finding: &Finding) -> Result<(), RunError> {
        let closed = self
            .store
            .close_explained_finding(finding, self.reconciler.clock.now(), self.reconciler.intake.ids.next())
            .await?;
        self.summary.closed += u64::from(closed);
        Ok(())
    }
}
