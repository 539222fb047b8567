//! Looking at one professional: the claim, and whatever a plan is made from.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::run::Run;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::kernel::provider::Provider;
use crate::domain::marketplace::booking::{BookingStatus, Due, Policy};
use crate::domain::marketplace::payout::{
    BatchEntry, Candidate, CarriedLine, EntryStatus, Payee, PayeeAccount, PlanInput, PlannedTransfer, Rules,
    SkipReason,
};
use crate::providers::call::{CallError, ProviderError};
use crate::store::marketplace::booking::{BookingCursor, BookingFilter, BookingRow};
use crate::store::marketplace::payee::{PayeeMoney, PayeeRow};
use crate::store::{Company, StoreError};

/// Longer than a run: whoever holds a claim longer than this is gone. Transfers that a run decided on are
/// left to it for as long.
pub(super) const LEASE_MINUTES: i64 = 6;

/// Bookings of one page: what one request reads.
const PAGE: u16 = 100;

/// A professional's turn in a run.
#[derive(Debug, Clone)]
pub(super) struct PayeeTurn {
    pub(super) company: CompanyId,
    pub(super) professional_id: ProfessionalId,
    /// How often it was refused because something moved meanwhile.
    pub(super) tries: u32,
    /// What a dry run would have written by now.
    pub(super) dry: DryRunState,
}

/// What a dry run keeps in mind of a professional instead of writing it.
#[derive(Debug, Clone, Default)]
pub(super) struct DryRunState {
    looked_until: Option<BookingCursor>,
    used: BTreeMap<Currency, i64>,
    planned: BTreeMap<Currency, i64>,
}

impl DryRunState {
    pub(super) fn note(
        &mut self,
        transfers: &[PlannedTransfer],
        carried: &[CarriedLine],
        until: BookingCursor,
    ) {
        self.looked_until = Some(until);
        for line in carried {
            *self.used.entry(line.currency.clone()).or_default() += line.used_amount;
        }
        for transfer in transfers {
            *self.planned.entry(transfer.request.currency.clone()).or_default() += transfer.request.amount;
        }
    }
}

/// What was found of a professional.
pub(super) struct PayeeSnapshot {
    pub(super) turn: PayeeTurn,
    pub(super) company: Company,
    /// The professional's row, claimed unless the run is dry.
    pub(super) held: PayeeRow,
    /// The bookings as they were read.
    pub(super) rows: BTreeMap<BookingId, BookingRow>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) account: Option<PayeeAccount>,
    pub(super) money: BTreeMap<Currency, PayeeMoney>,
    /// Where the next look goes on, where there are more bookings than one takes.
    pub(super) next: Option<BookingCursor>,
    /// Whether this look goes on from another.
    pub(super) is_later: bool,
}

/// Why nothing was found.
pub(super) enum LoadError {
    /// Nobody is due there, or somebody else is at it.
    Elsewhere,
    /// Stripe could not be asked.
    Call(ProviderError),
    /// The table could not be asked.
    Store(StoreError),
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CallError> for LoadError {
    fn from(error: CallError) -> Self {
        Self::Call(error.of(Provider::Stripe))
    }
}

impl Run<'_> {
    /// Takes a professional up and looks. A look that fails lets go again.
    pub(super) async fn look(&self, turn: PayeeTurn) -> Result<PayeeSnapshot, LoadError> {
        let company = self.payouts.store.company(&turn.company);
        let now = self.payouts.now();
        let read = company.payee(&turn.professional_id).await?;
        if read.is_held(now) || read.due_at.is_none_or(|at| at > self.payout_request.due_by) {
            return Err(LoadError::Elsewhere);
        }
        let held = if self.is_real {
            let owner = self.payouts.ids.next();
            let claimed = company.claim_payee(&turn.professional_id, &read, owner, lease_until(now)).await?;
            claimed.ok_or(LoadError::Elsewhere)?
        } else {
            read
        };
        let found = self.find(&company, turn.clone(), held.clone(), now).await;
        if found.is_err() && self.is_real {
            self.release(&company, &turn.professional_id, &held).await;
        }
        found
    }

    async fn find(
        &self,
        company: &Company,
        turn: PayeeTurn,
        held: PayeeRow,
        now: DateTime<Utc>,
    ) -> Result<PayeeSnapshot, LoadError> {
        if self.is_real {
            self.begin_batch(company).await?;
        }
        let from = turn.dry.looked_until.clone();
        let from = from.or_else(|| held.looked_until.as_deref().and_then(BookingCursor::parse));
        let is_later = from.is_some();
        let (rows, next) = self.bookings(company, &turn.professional_id, from).await?;
        let policy = self.policy();
        let candidates = rows.values().filter_map(|row| self.candidate(row, policy)).collect::<Vec<_>>();
        let currencies: BTreeSet<&Currency> = candidates.iter().map(|it| &it.payable.currency).collect();
        let money = company
            .payee_money(&turn.professional_id, currencies.into_iter(), self.payout_request.batch)
            .await?;
        let is_ready = |candidate: &&Candidate| candidate.waits_for(now).is_none();
        let mut ready = candidates.iter().filter(is_ready).peekable();
        let account = match &held.account {
            Some(known) if ready.peek().is_some() => {
                // One that is gone is none: what a professional can do about it is to connect another.
                let account = Some(self.payouts.stripe.account(known.id.as_str()).await?);
                let standing = account.filter(|account| !account.deleted).and_then(|it| it.standing());
                standing.and_then(|standing| standing.payee_account(Some(known)))
            }
            // Nobody asks about an account that nothing is to be sent to.
            known => known.clone(),
        };
        if ready.any(|candidate| candidate.charge.is_none()) {
            self.read_balance().await?;
        }
        Ok(PayeeSnapshot {
            turn,
            company: company.clone(),
            held,
            rows,
            candidates,
            account,
            money,
            next,
            is_later,
        })
    }

    /// The bookings that are done and not settled, from a place on, as many as one look takes; with the
    /// first of them those whose dispute is undecided, so that somebody says why they wait.
    async fn bookings(
        &self,
        company: &Company,
        professional_id: &ProfessionalId,
        from: Option<BookingCursor>,
    ) -> Result<(BTreeMap<BookingId, BookingRow>, Option<BookingCursor>), StoreError> {
        let of = |status| BookingFilter::Professional(professional_id.clone(), Some(status));
        let mut rows = BTreeMap::new();
        if from.is_none() {
            let (disputed, _) = company.bookings(&of(BookingStatus::Disputed), PAGE, None).await?;
            rows.extend(disputed.into_iter().map(|row| (row.booking_id, row)));
        }
        let mut place = from;
        loop {
            let page = company.bookings(&of(BookingStatus::Completed), PAGE, place.as_ref()).await?;
            rows.extend(page.0.into_iter().map(|row| (row.booking_id, row)));
            place = page.1;
            if place.is_none() || rows.len() >= self.payout_request.limits.bookings_per_look {
                return Ok((rows, place));
            }
        }
    }

    /// A booking that may be paid, now or later.
    fn candidate(&self, row: &BookingRow, policy: &Policy) -> Option<Candidate> {
        let booking = row.booking()?;
        if !matches!(booking.next_due(policy), Some(Due::Payout { .. })) {
            return None;
        }
        let (version, in_progress) = (row.payout_version(), row.payout_in_progress);
        let mut candidate = Candidate::of(row.booking_id, &booking, policy, version, in_progress);
        let refused = row.payout_refused_in == Some(self.payout_request.batch)
            && !self.payout_request.retries_refused();
        candidate.obstacle = candidate.obstacle.or(refused.then_some(SkipReason::TransferRefused));
        Some(candidate)
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.payouts.effect_clients.booking_config.policy
    }
}

impl PayeeSnapshot {
    /// What the plan is made from; `available` is what the platform has.
    pub(super) fn input(&self, run: &Run<'_>, available: BTreeMap<Currency, i64>) -> PlanInput {
        let (now, id) = (run.payouts.now(), &self.turn.professional_id);
        let mut rules = Rules {
            minimum: run.payouts.minimum.clone(),
            approval_above: run.payouts.approval_above.clone(),
            ..Rules::default()
        };
        let mut carried = BTreeMap::new();
        for (currency, money) in &self.money {
            let dry = |of: &BTreeMap<Currency, i64>| of.get(currency).copied().unwrap_or_default();
            let whose = || (id.clone(), currency.clone());
            carried.insert(currency.clone(), money.carried_amount - dry(&self.turn.dry.used));
            rules.planned.insert(whose(), money.planned_amount + dry(&self.turn.dry.planned));
            let counts = |approval: &&crate::domain::marketplace::payout::Approval| {
                approval.counts_for(run.payout_request.batch, run.payout_request.asker(), now)
            };
            if let Some(approval) = money.approval.as_ref().filter(counts) {
                rules.approved.insert(whose(), approval.amount);
            }
        }
        let payee = Payee { account: self.account.clone(), carried };
        PlanInput {
            company_id: self.turn.company.clone(),
            batch: run.payout_request.batch,
            now,
            bookings: self.candidates.clone(),
            payees: BTreeMap::from([(id.clone(), payee)]),
            rules,
            available,
        }
    }
}

pub(super) fn lease_until(now: DateTime<Utc>) -> DateTime<Utc> {
    now + Duration::minutes(LEASE_MINUTES)
}

/// A booking's entry in the batch, before anything was decided about it.
pub(super) fn entry(
    booking_id: BookingId,
    looked: &PayeeSnapshot,
    payable: &Money,
    now: DateTime<Utc>,
) -> BatchEntry {
    BatchEntry {
        booking_id,
        professional_id: looked.turn.professional_id.clone(),
        currency: payable.currency.clone(),
        status: EntryStatus::Open,
        payable_amount: payable.amount,
        amount: 0,
        carried_amount: 0,
        operation: None,
        transfer_id: None,
        reason: None,
        at: now,
    }
}
