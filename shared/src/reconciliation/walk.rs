//! Every line of the balance once, oldest slice first.

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

/// How old a line is when it is looked at: older than any delivery, effect or listing takes that goes well.
const SETTLED_MINUTES: i64 = 60;

/// How far back the first run begins: as far as Stripe tells what happened.
const FIRST_DAYS: i64 = 30;

/// The most lines that are held against the books at once.
const AT_ONCE: usize = 100;

/// What keeps a run from its end that lists lines of which Stripe did not show what they name.
pub(super) const UNSEEN: &str = "look_up_refused";

/// What one slice comes to.
#[derive(Debug, Default)]
pub(super) struct Slice {
    sums: Sums,
    /// Whose bookings its lines are of.
    pub companies: BTreeSet<CompanyId>,
    /// The transfers among its lines.
    pub seen: HashSet<String>,
    lines: u64,
    explained: u64,
    counts: SliceCounts,
}

/// What a slice did that stays done, whoever moves the cursor.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SliceCounts {
    backfilled: u64,
    findings: u64,
    in_doubt: u64,
    /// Whether a line was listed of which Stripe did not show what it names.
    unseen: bool,
}

impl Run<'_> {
    /// Looks at every line since the last run that had time to settle.
    pub(super) async fn walk_lines(&mut self) -> Result<(), RunError> {
        let until = whole_seconds(self.app.clock.now()) - Duration::minutes(SETTLED_MINUTES);
        let first = until - Duration::days(FIRST_DAYS);
        let mut from = self.cursor.lines_from.unwrap_or(first);
        let mut width = until - from;
        while from < until && !self.is_over() {
            let end = (from + width).min(until);
            let Some(lines) = self.lines(from, Some(end)).await? else {
                width = half(end - from);
                continue;
            };
            let slice = self.work_on(lines, from, end).await?;
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
            slice.counts.tell(&mut summary);
            if self.advance(cursor, summary).await? {
                (from, width) = (end, width * 2);
            } else {
                slice.counts.tell(&mut self.summary);
                from = self.cursor.lines_from.unwrap_or(first);
            }
        }
        Ok(())
    }

    /// The lines of a slice; without an end, everything since.
    pub(super) async fn lines(
        &mut self,
        from: DateTime<Utc>,
        until: Option<DateTime<Utc>>,
    ) -> Result<Option<Vec<BalanceTransaction>>, RunError> {
        let created = Created { from: Some(from), until };
        let (stripe, filter) = (self.stripe, &BalanceFilter { kind: None, created });
        let fetch = |place| async move { stripe.balance_transactions(filter, &place).await };
        // What has no end is never cut short: it is the lines of an hour.
        let width = until.map_or(Duration::zero(), |until| until - from);
        Ok(self.collect(width, fetch, |line: &BalanceTransaction| line.id.clone()).await?)
    }

    async fn work_on(
        &self,
        lines: Vec<BalanceTransaction>,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Slice, RunError> {
        let mut slice = Slice::default();
        // The newest come first, and money that went back must be in the books before a bank takes all.
        let mut lines = lines.into_iter().rev().map(line::read).peekable();
        while lines.peek().is_some() {
            for matched in self.match_lines(lines.by_ref().take(AT_ONCE).collect()).await? {
                self.take(matched, &mut slice).await?;
            }
        }
        self.look_for_missing(from, until, &mut slice).await?;
        Ok(slice)
    }

    async fn take(&self, matched: MatchedLine, slice: &mut Slice) -> Result<(), RunError> {
        slice.counts.unseen |= matched.is_unseen();
        let MatchedLine { line, outcome, owner } = matched;
        slice.lines += 1;
        slice.companies.extend(owner.map(|owner| owner.company_id));
        if let MovementSource::Transfer(transfer) = &line.source {
            slice.seen.insert(transfer.id.clone());
        }
        let books_amount = match &outcome {
            MatchOutcome::Explained | MatchOutcome::Backfilled => line.amount,
            // Of a place where several lines meet, a finding tells the sum of all.
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
            MatchOutcome::Found(finding) => self.file(&finding, slice).await?,
        }
        Ok(())
    }

    /// Lists what was found.
    pub(super) async fn file(&self, finding: &Finding, slice: &mut Slice) -> Result<(), RunError> {
        let filed = self.store.file_finding(finding, &self.app.ids).await?;
        if filed == FileOutcome::New {
            let in_doubt = finding.kind == FindingKind::TransferInDoubt;
            slice.counts.findings += u64::from(!in_doubt);
            slice.counts.in_doubt += u64::from(in_doubt);
            tracing::warn!(finding_id = finding.finding_id, kind = ?finding.kind, "found by the reconciliation");
        }
        Ok(())
    }
}

impl SliceCounts {
    fn tell(self, summary: &mut Reconciliation) {
        summary.backfilled += self.backfilled;
        summary.findings += self.findings;
        summary.in_doubt += self.in_doubt;
        if self.unseen {
            summary.trouble.get_or_insert_with(|| UNSEEN.to_owned());
        }
    }
}
