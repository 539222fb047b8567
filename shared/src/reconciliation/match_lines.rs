//! Matches a page of balance lines with the ledger.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::backfill::Origin;
use super::explain::{Check, check};
use super::line::{Line, MovementSource};
use super::stripe_record::{self, Fetched, StripeRecord};
use super::{Run, RunError};
use crate::domain::platform::effect::{EffectStatus, Request};
use crate::providers::call::CallError;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::transfer::Transfer;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::marketplace::reconciliation::{Books, Finding, FindingKind, FindingStatus};

/// The ledger of each booking at hand.
pub(super) type BooksByBooking = HashMap<BookingOwner, Books>;

#[derive(Debug)]
pub(super) enum MatchOutcome {
    /// The ledger explains it, or it belongs to no booking.
    Explained,
    /// The ledger explains it now that a missing fact was recorded.
    Backfilled,
    Found(Box<Finding>),
}

#[derive(Debug)]
pub(super) struct MatchedLine {
    pub line: Line,
    pub outcome: MatchOutcome,
    /// The booking it belongs to, if known.
    pub owner: Option<BookingOwner>,
}

impl MatchedLine {
    /// Whether it became a finding only because Stripe refused to show its payment or transfer; the ledger may
    /// contain it nevertheless.
    pub fn is_unseen(&self) -> bool {
        let names_another = match &self.line.source {
            MovementSource::Refund(refund) => refund.payment_intent.is_some(),
            MovementSource::TransferReversal(_) => true,
            _ => false,
        };
        let is_unknown = |finding: &Finding| finding.kind == FindingKind::LineUnknown;
        names_another && matches!(&self.outcome, MatchOutcome::Found(finding) if is_unknown(finding))
    }
}

impl Run<'_> {
    /// Matches up to a hundred lines with the ledger: one request to the table for all, and one to Stripe for each
    /// payment or transfer that was refunded or reversed.
    pub(super) async fn match_lines(&self, lines: Vec<Line>) -> Result<Vec<MatchedLine>, RunError> {
        let queried_at = self.reconciler.clock.now();
        let fetched = self.fetch_sources(&lines).await?;
        let records: Vec<Option<StripeRecord>> =
            lines.iter().map(|line| stripe_record::of_line(line, &fetched)).collect();
        let owners = self.find_owners(&records).await?;
        let mut books_by_booking = self.books_by_booking(owners.iter().flatten()).await?;
        let mut matched_lines = Vec::new();
        for (line, (record, owner)) in lines.into_iter().zip(records.into_iter().zip(owners)) {
            let origin = Origin { id: &line.id, created: line.created, queried_at };
            let outcome = match (&line.source, record) {
                (MovementSource::Platform, _) => MatchOutcome::Explained,
                (_, Some(record)) => {
                    self.match_record(&record, owner.as_ref(), &mut books_by_booking, origin).await?
                }
                (_, None) => MatchOutcome::Found(Box::new(self.unknown_line_finding(&line))),
            };
            matched_lines.push(MatchedLine { line, outcome, owner });
        }
        Ok(matched_lines)
    }

    /// Matches one Stripe record with the ledger and records a missed fact.
    pub(super) async fn match_record(
        &self,
        record: &StripeRecord,
        owner: Option<&BookingOwner>,
        books_by_booking: &mut BooksByBooking,
        origin: Origin<'_>,
    ) -> Result<MatchOutcome, RunError> {
        let known = owner.and_then(|owner| books_by_booking.get(owner)).unwrap_or(&Books::Unknown);
        // A transfer made by hand may name a company without staff here; no one would see its finding.
        let company = owner.filter(|_| *known != Books::Unknown).map(|owner| owner.company_id.clone());
        let (mut kind, mut books_amount) = match (check(known, record), known, owner) {
            (Check::Matches, ..) => return Ok(MatchOutcome::Explained),
            (Check::MissingFact(..), Books::Known(row), Some(owner)) => {
                let row = self.backfill(owner, (**row).clone(), record, origin).await?;
                let backfilled = Books::Known(Box::new(row));
                let after = check(&backfilled, record);
                books_by_booking.insert(owner.clone(), backfilled);
                match after {
                    Check::Matches => return Ok(MatchOutcome::Backfilled),
                    Check::MissingFact(_, books) => (FindingKind::AmountDiffers, books),
                    Check::Mismatch(kind, books) => (kind, books),
                }
            }
            (Check::MissingFact(_, books), ..) => (FindingKind::AmountDiffers, books),
            (Check::Mismatch(kind, books), ..) => (kind, books),
        };
        if kind == FindingKind::TransferUnknown && self.is_in_doubt(owner).await? {
            (kind, books_amount) = (FindingKind::TransferInDoubt, 0);
        }
        Ok(MatchOutcome::Found(Box::new(Finding {
            finding_id: record.finding_id.clone(),
            kind,
            company_id: company,
            booking_id: owner.map(|owner| owner.booking_id),
            line_id: Some(origin.id.to_owned()),
            stripe_amount: record.amount,
            books_amount,
            currency: record.currency.as_str().to_owned(),
            found_at: self.reconciler.clock.now(),
            status: FindingStatus::Open,
            closing: None,
            version: 0,
        })))
    }

    /// The finding for a line without a Stripe record.
    fn unknown_line_finding(&self, line: &Line) -> Finding {
        Finding {
            finding_id: line.id.clone(),
            kind: FindingKind::LineUnknown,
            company_id: None,
            booking_id: None,
            line_id: Some(line.id.clone()),
            stripe_amount: line.amount,
            books_amount: 0,
            currency: line.currency.clone(),
            found_at: self.reconciler.clock.now(),
            status: FindingStatus::Open,
            closing: None,
            version: 0,
        }
    }

    /// Whether a transfer of the booking is unfinished or in doubt; its outcome will be recorded in the ledger.
    async fn is_in_doubt(&self, owner: Option<&BookingOwner>) -> Result<bool, RunError> {
        let Some(owner) = owner else { return Ok(false) };
        let effects = self.store.company(&owner.company_id).actions(owner.booking_id).await?;
        Ok(effects.iter().any(|effect| {
            matches!(effect.request, Request::Transfer(_))
                && !matches!(effect.status, EffectStatus::Done | EffectStatus::Rejected)
        }))
    }

    /// Fetches the payments and transfers that refunds and reversals refer to.
    async fn fetch_sources(&self, lines: &[Line]) -> Result<Fetched, CallError> {
        let (mut payments, mut transfers) = (HashSet::new(), HashSet::new());
        for line in lines {
            match &line.source {
                MovementSource::Refund(refund) => payments.extend(refund.payment_intent.clone()),
                MovementSource::TransferReversal(id) => drop(transfers.insert(id.clone())),
                _ => {}
            }
        }
        let stripe = self.stripe;
        let payment = |id: String| async move { stripe.payment_intent(&id).await.map_err(absent_if_refused) };
        let transfer = |id: String| async move { stripe.transfer(&id).await.map_err(absent_if_refused) };
        let payments = self.fetch_all(payments, payment).await?;
        Ok(Fetched { payments, transfers: self.fetch_all(transfers, transfer).await? })
    }

    pub(super) async fn fetch_transfers(
        &self,
        ids: HashSet<String>,
    ) -> Result<HashMap<String, Transfer>, CallError> {
        let stripe = self.stripe;
        self.fetch_all(ids, |id| async move { stripe.transfer(&id).await }).await
    }

    pub(super) async fn fetch_lines_by_id(
        &self,
        ids: HashSet<String>,
    ) -> Result<HashMap<String, BalanceTransaction>, CallError> {
        let stripe = self.stripe;
        self.fetch_all(
            ids,
            |id| async move { stripe.balance_transaction(&id).await.map_err(absent_if_refused) },
        )
        .await
    }

    /// Fetches each id, a few at a time; absent ones are left out.
    async fn fetch_all<T, Fetched>(
        &self,
        ids: HashSet<String>,
        fetch: impl Fn(String) -> Fetched,
    ) -> Result<HashMap<String, T>, CallError>
    where
        Fetched: Future<Output = Result<T, CallError>>,
    {
        let queries = ids.into_iter().map(|id| {
            let fetched = fetch(id.clone());
            async move {
                match fetched.await {
                    Ok(found) => Ok(Some((id, found))),
                    Err(CallError::Absent) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        });
        let queries: Vec<_> = queries.collect();
        let answers = stream::iter(queries).buffer_unordered(self.limits.calls_at_once);
        let answers: Vec<Option<(String, T)>> = answers.try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// The booking of each record: named in its metadata, or found by its payment.
    async fn find_owners(
        &self,
        records: &[Option<StripeRecord>],
    ) -> Result<Vec<Option<BookingOwner>>, RunError> {
        let unnamed = records.iter().flatten().filter(|record| record.named.is_none());
        let payments: HashSet<String> = unnamed.filter_map(|record| record.payment_intent.clone()).collect();
        let found = self.store.owners_of_payments(&payments.into_iter().collect::<Vec<_>>()).await?;
        let owner = |record: &StripeRecord| {
            record.named.clone().or_else(|| found.get(record.payment_intent.as_deref()?).cloned())
        };
        Ok(records.iter().map(|record| record.as_ref().and_then(owner)).collect())
    }

    pub(super) async fn books_by_booking<'a>(
        &self,
        owners: impl Iterator<Item = &'a BookingOwner>,
    ) -> Result<BooksByBooking, RunError> {
        let distinct: HashSet<BookingOwner> = owners.cloned().collect();
        Ok(self.store.load_books(distinct.into_iter().collect()).await?)
    }
}

/// Treats an object that Stripe refuses to show as absent: its line becomes a finding that each run checks again,
/// and does not block other lines.
fn absent_if_refused(error: CallError) -> CallError {
    if error.is_refusal() { CallError::Absent } else { error }
}
