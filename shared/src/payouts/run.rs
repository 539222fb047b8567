//! One run: professionals are loaded ahead, planned in order, and paid concurrently.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::{FuturesOrdered, FuturesUnordered};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use uuid::Uuid;

use super::circuit_breaker::CircuitBreaker;
use super::payee_snapshot::{DryRunState, LoadError, PayeeSnapshot, PayeeTurn};
use super::queue::{self, Due};
use super::{PayoutRequest, Payouts, RunResult};
use crate::domain::kernel::id::CompanyId;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::ProfessionalId;
use crate::domain::marketplace::payout::{Plan, SkipReason, plan};
use crate::domain::platform::switch::SwitchName;
use crate::due::RowOutcome;
use crate::providers::call::CallError;
use crate::store::due::DueRow;
use crate::store::marketplace::payee::{NextCheck, PayeeRow};
use crate::store::{Company, StoreError};

/// Events may change a professional's bookings while they are paid; after a third repetition the next tick
/// continues.
const MAX_TRIES: u32 = 3;

/// The state that a run shares between the professionals it pays.
pub(super) struct Run<'a> {
    pub(super) payouts: Payouts<'a>,
    pub(super) payout_request: &'a PayoutRequest,
    /// `false` for a dry run.
    pub(super) is_real: bool,
    /// Identifies the run in the batches it works on.
    pub(super) id: Uuid,
    pub(super) breaker: CircuitBreaker,
    /// The companies of this run, and whether it has begun their batch.
    pub(super) batches: Mutex<HashMap<CompanyId, Arc<OnceCell<()>>>>,
    /// The platform's balance less the planned transfers; read on first use.
    available: OnceCell<Mutex<BTreeMap<Currency, i64>>>,
    bookings_loaded: AtomicUsize,
    result: Mutex<RunResult>,
}

pub(super) struct TurnResult {
    pub(super) worked: RowOutcome,
    /// The next turn, if there are more bookings or the turn has to be repeated.
    pub(super) again: Option<PayeeTurn>,
    /// Whether work was left for the next tick.
    pub(super) left: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(payouts: Payouts<'a>, payout_request: &'a PayoutRequest, is_real: bool) -> Self {
        Self {
            id: payouts.ids.next(),
            payouts,
            payout_request,
            is_real,
            breaker: CircuitBreaker::of(payout_request.limits.run_time),
            batches: Mutex::default(),
            available: OnceCell::new(),
            bookings_loaded: AtomicUsize::new(0),
            result: Mutex::default(),
        }
    }

    pub(super) async fn execute(self) -> Result<RunResult, StoreError> {
        let started = Instant::now();
        let Payouts { store, effect_clients, .. } = self.payouts;
        // A dry run also shows what waits for the switch.
        let switched_off = match self.is_real {
            true => effect_clients.switches.current(store, self.payouts.now()).await?,
            false => Arc::default(),
        };
        let Due { rows, left, held, more } =
            queue::load_due(&self.payouts, self.payout_request, &switched_off).await?;
        {
            let mut result = self.result();
            result.report.due = rows.len() as u64 + left + held;
            result.report.skipped = left + held;
            result.report.switched_off = held;
            result.report.more = more;
        }
        self.process_turns(rows).await;
        if self.is_real {
            self.count_batches().await;
        }
        let mut result = self.result.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.report.duration_ms = started.elapsed().as_millis() as u64;
        Ok(result)
    }

    /// Processes all turns. Snapshots are planned in the order in which loading started, so that the
    /// longest-waiting professional is paid first if the platform's balance is short, in a dry run as well.
    async fn process_turns(&self, rows: VecDeque<DueRow>) {
        let mut waiting: VecDeque<PayeeTurn> = rows.into_iter().filter_map(parse_turn).collect();
        let (mut loading, mut paying) = (FuturesOrdered::new(), FuturesUnordered::new());
        let mut planned: VecDeque<(PayeeSnapshot, Plan)> = VecDeque::new();
        let limits = self.payout_request.limits;
        loop {
            while loading.len() + planned.len() < limits.loads_at_once && self.may_load() {
                let Some(turn) = waiting.pop_front() else { break };
                loading.push_back(self.load_payee(turn));
            }
            while paying.len() < limits.payees_at_once
                && let Some((snapshot, plan)) = planned.pop_front()
            {
                paying.push(self.process_turn(snapshot, plan));
            }
            // Both are polled together, so that no finished call waits while another one is polled.
            tokio::select! {
                biased;
                Some(snapshot) = loading.next() => planned.extend(self.plan_turn(snapshot)),
                Some(result) = paying.next() => waiting.extend(self.count_turn(result)),
                else => break,
            }
        }
        self.begin_batches_of(&waiting).await;
        let mut result = self.result();
        result.report.more |= !waiting.is_empty();
        result.report.skipped += waiting.len() as u64;
    }

    /// Begins the batches of companies whose professionals were not reached, because Stripe was unavailable or the
    /// run's time was over: a batch is what the sweep goes on with.
    async fn begin_batches_of(&self, left: &VecDeque<PayeeTurn>) {
        if !self.is_real {
            return;
        }
        let companies: BTreeSet<&CompanyId> = left.iter().map(|turn| &turn.company).collect();
        for company_id in companies {
            let begun = self.begin_batch(&self.payouts.store.company(company_id)).await;
            if let Err(error) = begun {
                let batch_id = &self.payout_request.batch;
                tracing::error!(%company_id, %batch_id, %error, "a batch could not be started");
            }
        }
    }

    fn may_load(&self) -> bool {
        self.breaker.allows_calls()
            && self.bookings_loaded.load(Ordering::Relaxed) < self.payout_request.limits.bookings
    }

    fn plan_turn(&self, snapshot: Result<PayeeSnapshot, LoadError>) -> Option<(PayeeSnapshot, Plan)> {
        let snapshot = match snapshot {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let worked = self.handle_load_error(&error);
                self.count_turn(TurnResult { worked, again: None, left: worked == RowOutcome::Failed });
                return None;
            }
        };
        if self.is_real {
            // Counted at the end, also if nothing is written: who was left of the batch may be processed now.
            let mut batches = self.batches.lock().unwrap_or_else(PoisonError::into_inner);
            batches.entry(snapshot.turn.company.clone()).or_default();
        }
        self.bookings_loaded.fetch_add(snapshot.candidates.len(), Ordering::Relaxed);
        let mut balances =
            self.available.get().map(|balances| balances.lock().unwrap_or_else(PoisonError::into_inner));
        let available = balances.as_deref().cloned().unwrap_or_default();
        let plan = plan(&snapshot.plan_input(self, available));
        if let Some(balances) = &mut balances {
            for request in plan.transfers.iter().map(|it| &it.request) {
                if request.source_transaction.is_none() {
                    *balances.entry(request.currency.clone()).or_default() -= request.amount;
                }
            }
        }
        self.add_awaiting(&snapshot, &plan);
        Some((snapshot, plan))
    }

    fn handle_load_error(&self, error: &LoadError) -> RowOutcome {
        match error {
            LoadError::SwitchedOff => RowOutcome::SwitchedOff,
            LoadError::NotAvailable | LoadError::Store(StoreError::Conflict { .. }) => RowOutcome::Skipped,
            LoadError::Call(error) => {
                self.breaker.record_not_sent(error.error.reason());
                RowOutcome::Failed
            }
            LoadError::Store(_) => RowOutcome::Failed,
        }
    }

    async fn process_turn(&self, snapshot: PayeeSnapshot, plan: Plan) -> TurnResult {
        if self.is_real {
            return self.execute_plan(snapshot, plan).await;
        }
        let PayeeSnapshot { mut turn, next, .. } = snapshot;
        let again = next.map(|next| {
            turn.dry.record(&plan.transfers, &plan.carried, next);
            turn
        });
        self.add_decisions(plan);
        TurnResult { worked: RowOutcome::Done, again, left: false }
    }

    /// Counts a turn, unless another one of the same professional follows in this run, which is returned.
    fn count_turn(&self, turn_result: TurnResult) -> Option<PayeeTurn> {
        let again = turn_result.again.filter(|turn| turn.tries <= MAX_TRIES);
        let report = &mut self.result().report;
        if again.is_none() {
            turn_result.worked.count_in(report);
        }
        report.more |= turn_result.left && again.is_none();
        again
    }

    /// Adds decisions to the answer.
    pub(super) fn add_decisions(&self, decided: Plan) {
        if self.payout_request.limits.include_plan {
            self.result().plan.join(decided);
        }
    }

    /// Adds up the amount that needs approval: all waiting shares, less the debt, plus what the batch transfers
    /// already.
    fn add_awaiting(&self, snapshot: &PayeeSnapshot, plan: &Plan) {
        let is_awaiting = |reason: SkipReason| reason == SkipReason::AwaitingApproval;
        for skip in plan.skips.iter().filter(|skip| is_awaiting(skip.reason)) {
            let key = (skip.professional_id.clone(), skip.money.currency.clone());
            let money = snapshot.money.get(&key.1).cloned().unwrap_or_default();
            let first = money.planned_amount - money.carried_amount.max(0);
            *self.result().awaiting.entry(key).or_insert(first) += skip.money.amount;
        }
    }

    /// Whether a company's payouts are switched off. A dry run moves nothing, so no switch holds it back.
    pub(super) async fn is_switched_off(&self, company: &CompanyId) -> Result<bool, StoreError> {
        let Payouts { store, effect_clients, .. } = self.payouts;
        let (switch, now) = (SwitchName::Payouts, self.payouts.now());
        Ok(self.is_real && effect_clients.switches.is_off(store, switch, Some(company), now).await?)
    }

    /// Reads the platform's balance once per run, and only if a booking's charge is unknown.
    pub(super) async fn read_balance(&self) -> Result<(), CallError> {
        let read = || async {
            let balance = self.payouts.stripe.balance().await?;
            let shares = balance.available.into_iter();
            let shares = shares.filter_map(|it| Some((Currency::parse(&it.currency).ok()?, it.amount)));
            Ok(Mutex::new(shares.collect()))
        };
        self.available.get_or_try_init(read).await.map(drop)
    }

    /// The time that decides which bookings are past their hold-back: for a batch of an earlier day the end of
    /// that day, so that a late run pays what a punctual one would have paid.
    pub(super) fn plan_time(&self) -> DateTime<Utc> {
        self.payouts.now().min(self.payouts.calendar.last_moment(self.payout_request.batch))
    }

    /// Releases a professional without a decision; the next run loads it again. `waits_for` is the code of the
    /// failed call.
    pub(super) async fn release(
        &self,
        company: &Company,
        payee: &ProfessionalId,
        held: &PayeeRow,
        waits_for: Option<&str>,
    ) {
        let next = NextCheck::Now(held.next_cursor.clone());
        if let Err(error) = company.release_payee(payee, held, next, waits_for, self.payouts.now()).await {
            let (company_id, professional_id) = (company.id(), payee);
            tracing::warn!(%company_id, %professional_id, %error, "a professional stays claimed until the lease expires");
        }
    }

    pub(super) fn result(&self) -> MutexGuard<'_, RunResult> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn parse_turn(row: DueRow) -> Option<PayeeTurn> {
    let (company, professional_id) = (row.key.company()?, row.key.professional_id()?);
    Some(PayeeTurn { company, professional_id, tries: 0, dry: DryRunState::default() })
}
