//! Matches every line of the balance once, oldest slice first.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Duration, Utc};

use super::line::{self, MovementSource};
use super::match_lines::{MatchOutcome, MatchedLine};
use super::{Run, RunError, half, whole_seconds};
use crate::domain::kernel::id::CompanyId;
use crate::providers::stripe::balance::{BalanceFilter, BalanceTransaction};
use crate::providers::stripe::list::Created;
use crate::store::marketplace::reconciliation::{
    FileOutcome, Finding, FindingKind, Reconciliation, Sum, Sums,
};

/// The age at which a line is matched: longer than a normal delivery, effect or listing takes.
const SETTLED_MINUTES: i64 = 60;

/// How far back the first run starts: as far as Stripe lists events.
const FIRST_DAYS: i64 = 30;

/// Lines that are matched with the ledger at a time.
const AT_ONCE: usize = 100;

/// The run's error code if Stripe refused to show the payment or transfer of a line.
pub(super) const LOOK_UP_REFUSED: &str = "look_up_refused";

#[derive(Debug, Default)]
pub(super) struct Slice {
    sums: Sums,
    /// The companies whose bookings the lines belong to.
    pub companies: BTreeSet<CompanyId>,
    /// The ids of the transfers among the lines.
    pub seen: HashSet<String>,
    lines: u64,
    explained: u64,
    counts: SliceCounts,
}

/// The writes of a slice, which remain even if another run advances the cursor.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SliceCounts {
    backfilled: u64,
    findings: u64,
    in_doubt: u64,
    /// Whether Stripe refused to show the payment or transfer of a line.
    unseen: bool,
}

impl Run<'_> {
    /// Matches every line since the last run that is older than `SETTLED_MINUTES`.
    pub(super) async fn walk_lines(&mut self) -> Result<(), RunError> {
        let until = whole_seconds(self.reconciler.clock.now()) - Duration::minutes(SETTLED_MINUTES);
        let first = until - Duration::days(FIRST_DAYS);
        let mut from = self.cursor.lines_from.unwrap_or(first);
        let mut width = until - from;
        while from < until && !self.is_limit_reached() {
            let end = (from + width).min(until);
            let Some(lines) = self.fetch_lines(from, Some(end)).await? else {
                width = half(end - from);
                continue;
            };
            let slice = self.process_slice(lines, from, end).await?;
            let mut cursor = self.cursor.clone();
            cursor.lines_from = Some(end);
            cursor.sums.merge(&slice.sums);
            cursor.companies.extend(slice.companies);
            let mut summary = self.summary.clone();
            summary.lines_from = summary.lines_from.or(Some(from));
            summary.lines_until = Some(end);
            summary.sums.merge(&slice.sums);
            summary.lines += slice.lines;
            summary.explained += slice.explained;
            slice.counts.add_to(&mut summary);
            if self.advance(cursor, summary).await? {
                (from, width) = (end, width * 2);
            } else {
                slice.counts.add_to(&mut self.summary);
                from = self.cursor.lines_from.unwrap_or(first);
            }
        }
        Ok(())
    }

    /// Fetches the lines of a slice; without an end, everything since `from`.
    pub(super) async fn fetch_lines(
        &mut self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Option<Vec<BalanceTransaction>>, RunError> {
        let created = Created { from: Some(from), until };
        let (stripe, filter) = (self.stripe, &BalanceFilter { kind: None, created });
        let fetch = |cursor| async move { stripe.balance_transactions(filter, &cursor).await };
        // A slice without an end covers about an hour, so it is never narrowed.
        let width = until.map_or(Duration::zero(), |until| until - from);
        Ok(self.collect(width, fetch, |line: &BalanceTransaction| line.id.clone()).await?)
    }

    async fn process_slice(
        &self,
        lines: Vec<BalanceTransaction>,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Slice, RunError> {
        let mut slice = Slice::default();
        // Stripe lists the newest first. The oldest is matched first, because refunds must be in the ledger before
        // a later dispute withdraws the whole payment.
        let mut lines = lines.into_iter().rev().map(line::parse_line).peekable();
        while lines.peek().is_some() {
            for matched in self.match_lines(lines.by_ref().take(AT_ONCE).collect()).await? {
                self.add_line(matched, &mut slice).await?;
            }
        }
        self.find_missing_transfers(from, until, &mut slice).await?;
        Ok(slice)
    }

    async fn add_line(&self, matched: MatchedLine, slice: &mut Slice) -> Result<(), RunError> {
        slice.counts.unseen |= matched.is_unseen();
        let MatchedLine { line, outcome, owner } = matched;
        slice.lines += 1;
        slice.companies.extend(owner.map(|owner| owner.company_id));
        if let MovementSource::Transfer(transfer) = &line.source {
            slice.seen.insert(transfer.id.clone());
        }
        let books_amount = match &outcome {
            MatchOutcome::Explained | MatchOutcome::Backfilled => line.amount,
            // If several lines share a record, the finding has the sum of all.
            MatchOutcome::Found(finding) if finding.stripe_amount == line.amount => finding.books_amount,
            MatchOutcome::Found(_) => 0,
        };
        let sum = Sum { lines: 1, stripe_amount: line.amount, books_amount, fee_amount: 0 };
        slice.sums.add(&line.currency, &line.kind, &sum);
        if line.fee_amount != 0 {
            let fee = Sum { fee_amount: line.fee_amount, ..Sum::default() };
            slice.sums.add(&line.fee_currency, &line.kind, &fee);
        }
        match outcome {
            MatchOutcome::Explained => slice.explained += 1,
            MatchOutcome::Backfilled => slice.counts.backfilled += 1,
            MatchOutcome::Found(finding) => self.file_finding(&finding, slice).await?,
        }
        Ok(())
    }

    pub(super) async fn file_finding(&self, finding: &Finding, slice: &mut Slice) -> Result<(), RunError> {
        let filed = self.store.file_finding(finding, self.reconciler.intake.ids).await?;
        if filed == FileOutcome::New {
            let in_doubt = finding.kind == FindingKind::TransferInDoubt;
            slice.counts.findings += u64::from(!in_doubt);
            slice.counts.in_doubt += u64::from(in_doubt);
            tracing::warn!(finding_id = finding.finding_id, kind = ?finding.kind, "the reconciliation filed a finding");
        }
        Ok(())
    }
}

impl SliceCounts {
    fn add_to(self, summary: &mut Reconciliation) {
        summary.backfilled += self.backfilled;
        summary.findings += self.findings;
        summary.in_doubt += self.in_doubt;
        if self.unseen {
            summary.error.get_or_insert_with(|| LOOK_UP_REFUSED.to_owned());
        }
    }
}
