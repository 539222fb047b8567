//! Claims one professional and loads the input of a plan.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};

use super::run::Run;
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::kernel::provider::Provider;
use crate::domain::marketplace::booking::{BookingStatus, Due, Policy};
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::domain::marketplace::payout::{
    BatchEntry, Candidate, CarriedLine, EntryStatus, Payee, PayeeAccount, PlanInput, PlannedTransfer, Rules,
    SkipReason,
};
use crate::providers::call::{CallError, ProviderError};
use crate::store::marketplace::booking::{BookingCursor, BookingFilter};
use crate::store::marketplace::payee::{PayeeMoney, PayeeRow};
use crate::store::retry::MayConflict as _;
use crate::store::{Company, StoreError};

/// Longer than a run: the holder of an older claim has crashed. The sweep leaves planned transfers to their run
/// for the same time.
pub(super) const LEASE_MINUTES: i64 = 6;

/// Bookings per page, as many as one request reads.
const PAGE: u16 = 100;

/// A professional's turn in a run.
#[derive(Debug, Clone)]
pub(super) struct PayeeTurn {
    pub(super) company: CompanyId,
    pub(super) professional_id: ProfessionalId,
    /// How often the turn was repeated because a booking changed meanwhile.
    pub(super) tries: u32,
    pub(super) dry: DryRunState,
}

/// What a dry run remembers about a professional instead of writing it.
#[derive(Debug, Clone, Default)]
pub(super) struct DryRunState {
    read_until: Option<BookingCursor>,
    used: BTreeMap<Currency, i64>,
    planned: BTreeMap<Currency, i64>,
}

impl DryRunState {
    pub(super) fn record(
        &mut self,
        transfers: &[PlannedTransfer],
        carried: &[CarriedLine],
        until: BookingCursor,
    ) {
        self.read_until = Some(until);
        for line in carried {
            *self.used.entry(line.currency.clone()).or_default() += line.used_amount;
        }
        for transfer in transfers {
            *self.planned.entry(transfer.request.currency.clone()).or_default() += transfer.request.amount;
        }
    }
}

/// The input of a professional's plan.
pub(super) struct PayeeSnapshot {
    pub(super) turn: PayeeTurn,
    pub(super) company: Company,
    /// The professional's row; claimed unless this is a dry run.
    pub(super) held: PayeeRow,
    pub(super) rows: BTreeMap<BookingId, BookingRecord>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) account: Option<PayeeAccount>,
    pub(super) money: BTreeMap<Currency, PayeeMoney>,
    /// The position of the next turn, if there are more bookings than one turn loads.
    pub(super) next: Option<BookingCursor>,
    /// Whether this turn continues an earlier one.
    pub(super) is_later: bool,
}

pub(super) enum LoadError {
    /// The professional is not due, or another run holds the claim.
    NotAvailable,
    /// The company's payouts were switched off after the run began.
    SwitchedOff,
    Call(ProviderError),
    Store(StoreError),
}

impl From<StoreError> for LoadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Run<'_> {
    /// Claims the professional and loads its bookings, debt and account; releases the claim on failure.
    pub(super) async fn load_payee(&self, turn: PayeeTurn) -> Result<PayeeSnapshot, LoadError> {
        let loaded = self.claim_and_load(&turn).await;
        let PayeeTurn { company: company_id, professional_id, .. } = &turn;
        match &loaded {
            Err(LoadError::Call(error)) => {
                tracing::warn!(%company_id, %professional_id, %error, "a professional could not be loaded");
            }
            Err(LoadError::Store(error)) if !error.is_conflict() => {
                tracing::error!(%company_id, %professional_id, %error, "a professional could not be loaded");
            }
            _ => {}
        }
        loaded
    }

    async fn claim_and_load(&self, turn: &PayeeTurn) -> Result<PayeeSnapshot, LoadError> {
        if self.is_switched_off(&turn.company).await? {
            return Err(LoadError::SwitchedOff);
        }
        let company = self.payouts.store.company(&turn.company);
        let now = self.payouts.now();
        let read = company.payee(&turn.professional_id).await?;
        if read.is_held(now) || read.due_at.is_none_or(|at| at > self.payout_request.due_by) {
            return Err(LoadError::NotAvailable);
        }
        let held = if self.is_real {
            let owner = self.payouts.ids.next();
            let claimed = company.claim_payee(&turn.professional_id, &read, owner, lease_until(now)).await?;
            claimed.ok_or(LoadError::NotAvailable)?
        } else {
            read
        };
        let loaded = self.load_snapshot(&company, turn.clone(), held.clone()).await;
        if let Err(error) = &loaded
            && self.is_real
        {
            let waits_for = match error {
                LoadError::Call(error) => Some(error.error.reason()),
                LoadError::NotAvailable | LoadError::SwitchedOff | LoadError::Store(_) => None,
            };
            self.release(&company, &turn.professional_id, &held, waits_for).await;
        }
        loaded
    }

    async fn load_snapshot(
        &self,
        company: &Company,
        turn: PayeeTurn,
        held: PayeeRow,
    ) -> Result<PayeeSnapshot, LoadError> {
        let from = turn.dry.read_until.clone();
        let from = from.or_else(|| held.next_cursor.as_deref().and_then(BookingCursor::parse));
        let is_later = from.is_some();
        let (rows, next) = self.load_bookings(company, &turn.professional_id, from).await?;
        let policy = self.policy();
        let candidates =
            rows.values().filter_map(|row| self.build_candidate(row, policy)).collect::<Vec<_>>();
        let currencies: BTreeSet<&Currency> = candidates.iter().map(|it| &it.payable.currency).collect();
        let money = company
            .payee_money(&turn.professional_id, currencies.into_iter(), self.payout_request.batch)
            .await?;
        let plan_time = self.plan_time();
        let is_ready = |candidate: &&Candidate| candidate.skip_reason(plan_time).is_none();
        let mut ready = candidates.iter().filter(is_ready).peekable();
        let account = match &held.account {
            Some(known) if ready.peek().is_some() => {
                // A deleted account counts as none: the professional has to connect another.
                let read = self.payouts.stripe.account(known.id.as_str()).await;
                let account = Some(self.or_waiting(company, read).await?);
                let status = account.filter(|account| !account.deleted).and_then(|it| it.status());
                status.and_then(|status| status.payee_account(Some(known)))
            }
            // The account is not read from Stripe if nothing is to be sent to it.
            known => known.clone(),
        };
        if ready.any(|candidate| candidate.charge.is_none()) {
            let read = self.read_balance().await;
            self.or_waiting(company, read).await?;
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

    /// The answer of a call, or its failure. The batch exists from the first failure on, and says what it waits
    /// for.
    async fn or_waiting<T>(&self, company: &Company, answer: Result<T, CallError>) -> Result<T, LoadError> {
        if answer.is_err() && self.is_real {
            self.begin_batch(company).await?;
        }
        answer.map_err(|error| LoadError::Call(error.of(Provider::Stripe)))
    }

    /// Loads the completed, unsettled bookings from a position on, up to the limit of one turn. The first turn
    /// adds those in dispute, so that the batch lists why they wait.
    async fn load_bookings(
        &self,
        company: &Company,
        professional_id: &ProfessionalId,
        from: Option<BookingCursor>,
    ) -> Result<(BTreeMap<BookingId, BookingRecord>, Option<BookingCursor>), StoreError> {
        let of = |status| BookingFilter::Professional(professional_id.clone(), Some(status));
        let mut rows = BTreeMap::new();
        if from.is_none() {
            let (disputed, _) = company.bookings(&of(BookingStatus::Disputed), PAGE, None).await?;
            rows.extend(disputed.into_iter().map(|row| (row.booking_id, row)));
        }
        let mut position = from;
        loop {
            let page = company.bookings(&of(BookingStatus::Completed), PAGE, position.as_ref()).await?;
            rows.extend(page.0.into_iter().map(|row| (row.booking_id, row)));
            position = page.1;
            if position.is_none() || rows.len() >= self.payout_request.limits.bookings_per_turn {
                return Ok((rows, position));
            }
        }
    }

    /// The candidate for a booking that may be paid, now or later.
    fn build_candidate(&self, row: &BookingRecord, policy: &Policy) -> Option<Candidate> {
        let booking = row.booking()?;
        if !matches!(booking.next_due(policy), Some(Due::Payout { .. })) {
            return None;
        }
        let (version, in_progress) = (row.payout_version(), row.payout_in_progress);
        let mut candidate = Candidate::of(row.booking_id, &booking, policy, version, in_progress);
        let now = self.payouts.now();
        let may_retry = self.payout_request.retries_refused()
            || row.payout_retry_at(self.payout_request.batch).is_some_and(|at| at <= now);
        candidate.obstacle = candidate.obstacle.or((!may_retry).then_some(SkipReason::TransferRefused));
        Some(candidate)
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.payouts.effect_clients.booking_config.policy
    }
}

impl PayeeSnapshot {
    /// The input of the plan; `available` is the platform's balance, in minor units.
    pub(super) fn plan_input(&self, run: &Run<'_>, available: BTreeMap<Currency, i64>) -> PlanInput {
        let (now, id) = (run.plan_time(), &self.turn.professional_id);
        let mut rules = Rules {
            minimum: run.payouts.minimum.clone(),
            approval_above: run.payouts.approval_above.clone(),
            ..Rules::default()
        };
        let mut carried = BTreeMap::new();
        for (currency, money) in &self.money {
            let dry = |of: &BTreeMap<Currency, i64>| of.get(currency).copied().unwrap_or_default();
            let key = || (id.clone(), currency.clone());
            carried.insert(currency.clone(), money.carried_amount - dry(&self.turn.dry.used));
            rules.planned.insert(key(), money.planned_amount + dry(&self.turn.dry.planned));
            let counts = |approval: &&crate::domain::marketplace::payout::Approval| {
                approval.counts_for(run.payout_request.batch, run.payout_request.requester(), now)
            };
            if let Some(approval) = money.approval.as_ref().filter(counts) {
                rules.approved.insert(key(), approval.amount);
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

/// A booking's entry in the batch before a decision.
pub(super) fn open_entry(
    booking_id: BookingId,
    snapshot: &PayeeSnapshot,
    payable: &Money,
    now: DateTime<Utc>,
) -> BatchEntry {
    BatchEntry {
        booking_id,
        professional_id: snapshot.turn.professional_id.clone(),
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
