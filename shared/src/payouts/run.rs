//! One run: who is due is looked at ahead, planned in turn, and paid side by side.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
use crate::due::Worked;
use crate::providers::call::CallError;
use crate::store::due::DueRow;
use crate::store::marketplace::payee::{NextLook, PayeeRow};
use crate::store::{Company, StoreError};

/// Events may move a professional's bookings while they are paid; a fourth time is left to the next tick.
const MAX_TRIES: u32 = 3;

/// What a run knows and shares between the professionals it pays.
pub(super) struct Run<'a> {
    pub(super) payouts: Payouts<'a>,
    pub(super) payout_request: &'a PayoutRequest,
    /// Whether anything is written.
    pub(super) is_real: bool,
    /// Names the run in the batches it works on.
    pub(super) id: Uuid,
    pub(super) breaker: CircuitBreaker,
    pub(super) batches: Mutex<HashMap<CompanyId, Arc<OnceCell<()>>>>,
    /// What the platform has, once somebody needed to know, less what was planned of it.
    available: OnceCell<Mutex<BTreeMap<Currency, i64>>>,
    looked_at: AtomicUsize,
    ran: Mutex<RunResult>,
}

/// How a professional's turn ended.
pub(super) struct TurnResult {
    pub(super) worked: Worked,
    /// The next turn, where there is more to look at.
    pub(super) again: Option<PayeeTurn>,
    /// Whether something was left that the next tick takes up.
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
            looked_at: AtomicUsize::new(0),
            ran: Mutex::default(),
        }
    }

    pub(super) async fn all(self) -> Result<RunResult, StoreError> {
        let started = Instant::now();
        let Due { rows, left, more } = queue::due(&self.payouts, self.payout_request).await?;
        {
            let mut ran = self.ran();
            ran.report.due = rows.len() as u64 + left;
            ran.report.skipped = left;
            ran.report.more = more;
        }
        self.turns(rows).await;
        if self.is_real {
            self.settle_batches().await;
        }
        let mut ran = self.ran.into_inner().unwrap_or_else(PoisonError::into_inner);
        ran.report.duration_ms = started.elapsed().as_millis() as u64;
        Ok(ran)
    }

    /// Everybody's turns. Looks come out in the order in which they began and are planned in it, so that
    /// who has waited longest comes first where the platform's money is short, in a dry run as well.
    async fn turns(&self, rows: VecDeque<DueRow>) {
        let mut waiting: VecDeque<PayeeTurn> = rows.into_iter().filter_map(turn).collect();
        let (mut looking, mut acting) = (FuturesOrdered::new(), FuturesUnordered::new());
        let mut planned: VecDeque<(PayeeSnapshot, Plan)> = VecDeque::new();
        let limits = self.payout_request.limits;
        loop {
            while looking.len() + planned.len() < limits.looks_at_once && self.may_look() {
                let Some(turn) = waiting.pop_front() else { break };
                looking.push_back(self.look(turn));
            }
            while acting.len() < limits.payees_at_once
                && let Some((looked, plan)) = planned.pop_front()
            {
                acting.push(self.act(looked, plan));
            }
            // Both are polled until one has something, so that no call waits for its answer while another is polled.
            tokio::select! {
                biased;
                Some(looked) = looking.next() => planned.extend(self.plan(looked)),
                Some(acted) = acting.next() => waiting.extend(self.note(acted)),
                else => break,
            }
        }
        let mut ran = self.ran();
        ran.report.more |= !waiting.is_empty();
        ran.report.skipped += waiting.len() as u64;
    }

    fn may_look(&self) -> bool {
        self.breaker.is_open() && self.looked_at.load(Ordering::Relaxed) < self.payout_request.limits.bookings
    }

    fn plan(&self, looked: Result<PayeeSnapshot, LoadError>) -> Option<(PayeeSnapshot, Plan)> {
        let looked = match looked {
            Ok(looked) => looked,
            Err(not_looked) => {
                let worked = self.not_looked(&not_looked);
                self.note(TurnResult { worked, again: None, left: worked == Worked::Failed });
                return None;
            }
        };
        self.looked_at.fetch_add(looked.candidates.len(), Ordering::Relaxed);
        let mut balances =
            self.available.get().map(|balances| balances.lock().unwrap_or_else(PoisonError::into_inner));
        let available = balances.as_deref().cloned().unwrap_or_default();
        let plan = plan(&looked.input(self, available));
        if let Some(balances) = &mut balances {
            for request in plan.transfers.iter().map(|it| &it.request) {
                if request.source_transaction.is_none() {
                    *balances.entry(request.currency.clone()).or_default() -= request.amount;
                }
            }
        }
        self.note_awaiting(&looked, &plan);
        Some((looked, plan))
    }

    fn not_looked(&self, not_looked: &LoadError) -> Worked {
        match not_looked {
            LoadError::Elsewhere | LoadError::Store(StoreError::Conflict { .. }) => Worked::Skipped,
            LoadError::Call(error) => {
                self.breaker.note_not_sent(error.error.reason());
                tracing::warn!(%error, "a professional could not be looked at");
                Worked::Failed
            }
            LoadError::Store(error) => {
                tracing::error!(%error, "a professional could not be looked at");
                Worked::Failed
            }
        }
    }

    async fn act(&self, looked: PayeeSnapshot, plan: Plan) -> TurnResult {
        if self.is_real {
            return self.carry_out(looked, plan).await;
        }
        let PayeeSnapshot { mut turn, next, .. } = looked;
        let again = next.map(|next| {
            turn.dry.note(&plan.transfers, &plan.carried, next);
            turn
        });
        self.tell(plan);
        TurnResult { worked: Worked::Done, again, left: false }
    }

    /// Counts a turn, unless another one of the same professional follows in this run.
    fn note(&self, acted: TurnResult) -> Option<PayeeTurn> {
        let again = acted.again.filter(|turn| turn.tries <= MAX_TRIES);
        let report = &mut self.ran().report;
        match acted.worked {
            _ if again.is_some() => {}
            Worked::Done => report.done += 1,
            Worked::Skipped => report.skipped += 1,
            Worked::Failed | Worked::FailedAlone => report.failed += 1,
            Worked::InDoubt => report.in_doubt += 1,
        }
        report.more |= acted.left && again.is_none();
        again
    }

    /// Takes what was decided into the answer.
    pub(super) fn tell(&self, decided: Plan) {
        if self.payout_request.limits.include_plan {
            self.ran().plan.join(decided);
        }
    }

    /// What somebody would have to approve: all that waits for it, less the debt, and what the batch gives
    /// already.
    fn note_awaiting(&self, looked: &PayeeSnapshot, plan: &Plan) {
        let waits = |reason: SkipReason| reason == SkipReason::AwaitingApproval;
        for skip in plan.skips.iter().filter(|skip| waits(skip.reason)) {
            let key = (skip.professional_id.clone(), skip.money.currency.clone());
            let money = looked.money.get(&key.1).cloned().unwrap_or_default();
            let first = money.planned_amount - money.carried_amount.max(0);
            *self.ran().awaiting.entry(key).or_insert(first) += skip.money.amount;
        }
    }

    /// What the platform has, asked once a run and only where somebody's charge is not known.
    pub(super) async fn read_balance(&self) -> Result<(), CallError> {
        let read = || async {
            let balance = self.payouts.stripe.balance().await?;
            let shares = balance.available.into_iter();
            let shares = shares.filter_map(|it| Some((Currency::parse(&it.currency).ok()?, it.amount)));
            Ok(Mutex::new(shares.collect()))
        };
        self.available.get_or_try_init(read).await.map(drop)
    }

    /// Lets a professional go that nothing was decided about; whoever looks next looks again.
    pub(super) async fn release(&self, company: &Company, who: &ProfessionalId, held: &PayeeRow) {
        if let Err(error) = company.release_payee(who, held, NextLook::Now(held.looked_until.clone())).await {
            tracing::warn!(%error, "a professional stays claimed until the lease lapses");
        }
    }

    pub(super) fn ran(&self) -> MutexGuard<'_, RunResult> {
        self.ran.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn turn(row: DueRow) -> Option<PayeeTurn> {
    let (company, professional_id) = (row.key.company()?, row.key.professional_id()?);
    Some(PayeeTurn { company, professional_id, tries: 0, dry: DryRunState::default() })
}
