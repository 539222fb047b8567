//! The reverse direction: checks that every payout in the ledger has its transfer at Stripe.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use super::backfill::Origin;
use super::explain::transfers_of;
use super::match_lines::{BooksByBooking, MatchOutcome};
use super::walk::Slice;
use super::{Run, RunError, stripe_record};
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::BookingId;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::marketplace::reconciliation::{Books, Finding, FindingKind, FindingStatus};

/// The audit kind of a booking that was paid out.
const PAID: &str = "booking.paid_out";

impl Run<'_> {
    /// Checks the transfers of all bookings paid in a slice. Those among the slice's lines are matched already;
    /// the others are fetched from Stripe.
    pub(super) async fn find_missing_transfers(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        slice: &mut Slice,
    ) -> Result<(), RunError> {
        for company_id in self.companies(&slice.companies) {
            let company = self.store.company(&company_id);
            let mut start = None;
            loop {
                let page = company.audit_of(PAID, from, until, start).await?;
                let paid = page.rows.iter().filter_map(|entry| BookingId::parse(&entry.subject).ok());
                let owner = |booking_id| BookingOwner { company_id: company_id.clone(), booking_id };
                let paid: Vec<BookingOwner> = paid.map(owner).collect();
                let books_by_booking = self.books_by_booking(paid.iter()).await?;
                self.check_transfers(books_by_booking, slice).await?;
                start = page.next;
                if start.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Every company that may have paid out.
    pub(super) fn companies(&self, more: &BTreeSet<CompanyId>) -> BTreeSet<CompanyId> {
        let known = self.cursor.companies.iter().chain(more).chain(self.reconciler.platform_company);
        known.cloned().collect()
    }

    async fn check_transfers(
        &self,
        mut books_by_booking: BooksByBooking,
        slice: &mut Slice,
    ) -> Result<(), RunError> {
        let mut unseen: BTreeMap<String, (BookingOwner, Money)> = BTreeMap::new();
        for (owner, books) in &books_by_booking {
            let Books::Known(row) = books else { continue };
            for (transfer, money) in transfers_of(row) {
                if !slice.seen.contains(transfer.as_str()) {
                    unseen.insert(transfer.to_string(), (owner.clone(), money.clone()));
                }
            }
        }
        let queried_at = self.reconciler.clock.now();
        let ids: HashSet<String> = unseen.keys().cloned().collect();
        let found = self.fetch_transfers(ids).await?;
        for (id, (owner, money)) in unseen {
            let Some(transfer) = found.get(&id) else {
                self.file_finding(&missing_transfer(&id, &owner, &money, self.reconciler.clock.now()), slice)
                    .await?;
                continue;
            };
            let origin = Origin { id: &id, created: transfer.created, queried_at };
            let record = stripe_record::of_transfer(transfer);
            if let MatchOutcome::Found(mut finding) =
                self.match_record(&record, Some(&owner), &mut books_by_booking, origin).await?
            {
                finding.line_id = transfer.balance_transaction.clone();
                self.file_finding(&finding, slice).await?;
            }
        }
        Ok(())
    }
}

/// The finding for a transfer that does not exist at Stripe.
pub(super) fn missing_transfer(id: &str, owner: &BookingOwner, money: &Money, now: DateTime<Utc>) -> Finding {
    Finding {
        finding_id: id.to_owned(),
        kind: FindingKind::TransferMissing,
        company_id: Some(owner.company_id.clone()),
        booking_id: Some(owner.booking_id),
        line_id: None,
        stripe_amount: 0,
        books_amount: -money.amount,
        currency: money.currency.as_str().to_owned(),
        found_at: now,
        status: FindingStatus::Open,
        closing: None,
        version: 0,
    }
}
