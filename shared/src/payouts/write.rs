//! Executes a plan: writes each part on condition of the claim, performs it, and releases the professional.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::payee_snapshot::{LEASE_MINUTES, PayeeSnapshot, lease_until, open_entry};
use super::run::{Run, TurnResult};
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind};
use crate::domain::marketplace::booking_record::{BookingChange, BookingRecord, PayoutChange};
use crate::domain::marketplace::payout::{
    BatchEntry, EntryStatus, Plan, PlannedTransfer, SettledByDebt, Skip, SkipReason,
};
use crate::domain::platform::action::{Action, ActionKind};
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::due::RowOutcome;
use crate::effects::{self, Outcome};
use crate::store::error::RecordError;
use crate::store::marketplace::payee::NextCheck;
use crate::store::{StoreError, Write};

/// Bookings per transaction: each takes three of its hundred writes, and a conflict on one booking makes the
/// others be planned again.
const BOOKINGS_AT_ONCE: usize = 20;

/// Skips per transaction, each one write.
const SKIPS_AT_ONCE: usize = 80;

/// Why the execution of a plan stopped.
enum StopReason {
    /// A booking changed since it was read, or another run has taken over the claim.
    Changed,
    /// The run's time is over, or Stripe is unavailable.
    BreakerTripped,
    /// The company's payouts were switched off meanwhile.
    SwitchedOff,
    Store(StoreError),
}

impl From<StoreError> for StopReason {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Changed,
            error => Self::Store(error),
        }
    }
}

impl From<RecordError> for StopReason {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => error.into(),
            // A booking whose ledger does not balance is not paid; the error is logged for an operator.
            error => Self::Store(StoreError::Shape(error.to_string())),
        }
    }
}

/// The progress of a plan's execution.
#[derive(Default)]
struct Progress {
    decided: Plan,
    failed: bool,
    in_doubt: bool,
}

impl Run<'_> {
    pub(super) async fn execute_plan(&self, snapshot: PayeeSnapshot, plan: Plan) -> TurnResult {
        let mut progress = Progress::default();
        let stop_reason = self.execute_parts(&snapshot, &plan, &mut progress).await.err();
        let next = match &stop_reason {
            None => self.next_check(&snapshot, &plan),
            Some(_) => NextCheck::Now(snapshot.held.next_cursor.clone()),
        };
        let has_more = stop_reason.is_none() && snapshot.next.is_some();
        let (company_id, professional_id) = (snapshot.company.id(), &snapshot.turn.professional_id);
        let waits_for = match &stop_reason {
            Some(StopReason::BreakerTripped) => self.breaker.tripped_by(),
            _ => None,
        };
        let released = snapshot.company.release_payee(
            professional_id,
            &snapshot.held,
            next,
            waits_for,
            self.payouts.now(),
        );
        if let Err(error) = released.await {
            tracing::warn!(%company_id, %professional_id, %error, "a professional stays claimed until the lease expires");
        }
        let (worked, tries) = match &stop_reason {
            Some(StopReason::Store(error)) => {
                tracing::error!(%company_id, %professional_id, %error, "a payout plan was not executed");
                (RowOutcome::Failed, None)
            }
            Some(StopReason::Changed) => (RowOutcome::Skipped, Some(snapshot.turn.tries + 1)),
            Some(StopReason::BreakerTripped) => (RowOutcome::Skipped, None),
            Some(StopReason::SwitchedOff) => (RowOutcome::SwitchedOff, None),
            None if progress.failed => (RowOutcome::Failed, Some(0)),
            None if progress.in_doubt => (RowOutcome::InDoubt, Some(0)),
            None => (RowOutcome::Done, Some(0)),
        };
        self.add_decisions(progress.decided);
        let again = tries.filter(|_| has_more || matches!(stop_reason, Some(StopReason::Changed)));
        let again = again.map(|tries| super::payee_snapshot::PayeeTurn { tries, ..snapshot.turn });
        // Another run would not get further while the payouts are switched off.
        let stopped = stop_reason.is_some_and(|reason| !matches!(reason, StopReason::SwitchedOff));
        TurnResult { worked, again, left: stopped || progress.failed || has_more }
    }

    /// Executes a plan in parts, each written and performed before the next, so that an interrupted run leaves few
    /// transfers that are written and not made.
    async fn execute_parts(
        &self,
        snapshot: &PayeeSnapshot,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), StopReason> {
        if !plan.settled.is_empty() || !plan.transfers.is_empty() {
            self.begin_batch(&snapshot.company).await?;
        }
        for settled in &plan.settled {
            self.check_may_continue(snapshot).await?;
            self.record_settlement(snapshot, plan, settled).await?;
            progress.decided.settled.push(settled.clone());
        }
        for part in plan.transfers.chunks(BOOKINGS_AT_ONCE) {
            self.check_may_continue(snapshot).await?;
            let effects = self.write_transfers(snapshot, plan, part).await?;
            progress.decided.transfers.extend_from_slice(part);
            for (booking_id, effect) in effects {
                self.perform(snapshot, booking_id, effect, progress).await?;
            }
        }
        for part in plan.skips.chunks(SKIPS_AT_ONCE) {
            self.write_skips(snapshot, plan, part).await?;
            progress.decided.skips.extend_from_slice(part);
        }
        progress.decided.carried.clone_from(&plan.carried);
        Ok(())
    }

    async fn check_may_continue(&self, snapshot: &PayeeSnapshot) -> Result<(), StopReason> {
        if !self.breaker.allows_calls() {
            return Err(StopReason::BreakerTripped);
        }
        if self.is_switched_off(snapshot.company.id()).await? {
            return Err(StopReason::SwitchedOff);
        }
        Ok(())
    }

    /// Records a share that a debt consumes entirely. Its ledger entries change the balance, so it needs a
    /// transaction of its own.
    async fn record_settlement(
        &self,
        snapshot: &PayeeSnapshot,
        plan: &Plan,
        settled: &SettledByDebt,
    ) -> Result<(), StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let SettledByDebt { booking_id, payable, .. } = settled;
        let money = Money { amount: 0, currency: payable.currency.clone() };
        let what = BookingFactKind::PaidOut { batch, transfer: None, money, carried_amount: payable.amount };
        let source = format!("settle:{booking_id}:{batch}");
        let change = BookingChange {
            facts: vec![BookingFact { at: now, what, source: source.clone() }],
            payout: Some(PayoutChange::Settled),
            cause: source,
            actor: Some(self.payout_request.actor.clone()),
            ..BookingChange::default()
        };
        let mut writes = self.claim_writes(snapshot, now);
        writes.extend(self.booking_writes(snapshot, *booking_id, change, now)?);
        let entry = BatchEntry {
            status: EntryStatus::Settled,
            carried_amount: payable.amount,
            ..open_entry(*booking_id, snapshot, payable, now)
        };
        writes.push(snapshot.company.put_batch_entry(batch, &entry)?);
        writes.push(self.line_write(snapshot, plan, &payable.currency, (0, payable.amount)));
        self.commit(writes).await
    }

    /// Writes planned transfers; after this they are made, by this run or by the sweep.
    async fn write_transfers(
        &self,
        snapshot: &PayeeSnapshot,
        plan: &Plan,
        part: &[PlannedTransfer],
    ) -> Result<Vec<(BookingId, Effect)>, StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let company = &snapshot.company;
        let mut writes = self.claim_writes(snapshot, now);
        let mut effects = Vec::new();
        let mut sums: BTreeMap<&Currency, (i64, i64)> = BTreeMap::new();
        for transfer in part {
            let PlannedTransfer { booking_id, carried_amount, request, .. } = transfer;
            let key = request.idempotency_key.clone();
            let actor = self.payout_request.actor.clone();
            let change = BookingChange {
                payout: Some(PayoutChange::Started),
                cause: key.clone(),
                actor: Some(actor.clone()),
                ..BookingChange::default()
            };
            writes.extend(self.booking_writes(snapshot, *booking_id, change, now)?);
            let action = Action::plain(key.clone(), ActionKind::ShareTransferred, actor, now);
            let effect = Effect::prepared(action, Request::Transfer(request.clone()), key.clone());
            // Due for the sweep once this run can no longer hold the claim.
            let due_at = now + Duration::minutes(LEASE_MINUTES);
            writes.push(company.add_action(*booking_id, &effect, Some(due_at))?);
            let entry = BatchEntry {
                amount: request.amount,
                carried_amount: *carried_amount,
                operation: Some(key),
                ..open_entry(*booking_id, snapshot, &transfer.payable, now)
            };
            writes.push(company.put_batch_entry(batch, &entry)?);
            effects.push((*booking_id, effect));
            let sum = sums.entry(&request.currency).or_default();
            (sum.0, sum.1) = (sum.0.saturating_add(request.amount), sum.1.saturating_add(*carried_amount));
        }
        for (currency, sum) in sums {
            if sum.1 > 0 {
                writes.push(company.reserve(&snapshot.turn.professional_id, currency, sum.1));
            }
            writes.push(self.line_write(snapshot, plan, currency, sum));
            writes.extend(self.approval_write(snapshot, currency));
        }
        self.commit(writes).await?;
        Ok(effects)
    }

    /// Writes entries that say why bookings are skipped. Bookings that are paid or being paid have an entry
    /// already.
    async fn write_skips(
        &self,
        snapshot: &PayeeSnapshot,
        plan: &Plan,
        part: &[Skip],
    ) -> Result<(), StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let mut writes = self.claim_writes(snapshot, now);
        for skip in part {
            if matches!(skip.reason, SkipReason::InProgress | SkipReason::AlreadyPaid) {
                continue;
            }
            // The existing entry of this batch has the refusal's reason, which is more precise.
            let refusal = snapshot.rows.get(&skip.booking_id).and_then(|row| row.payout_refused_in);
            if skip.reason == SkipReason::TransferRefused && refusal == Some(batch) {
                continue;
            }
            let entry = BatchEntry {
                status: EntryStatus::Skipped,
                reason: Some(skip.reason.as_str().to_owned()),
                ..open_entry(skip.booking_id, snapshot, &skip.money, now)
            };
            writes.push(snapshot.company.put_batch_entry(batch, &entry)?);
        }
        let owing = plan.carried.iter().filter(|line| line.used_amount == 0);
        writes.extend(owing.map(|line| self.line_write(snapshot, plan, &line.currency, (0, 0))));
        if writes.len() == 1 {
            return Ok(());
        }
        self.begin_batch(&snapshot.company).await?;
        self.commit(writes).await
    }

    fn claim_writes(&self, snapshot: &PayeeSnapshot, now: DateTime<Utc>) -> Vec<Write> {
        vec![snapshot.company.extend_payee_claim(
            &snapshot.turn.professional_id,
            &snapshot.held,
            lease_until(now),
        )]
    }

    fn booking_writes(
        &self,
        snapshot: &PayeeSnapshot,
        booking_id: BookingId,
        change: BookingChange,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, StopReason> {
        let row: &BookingRecord = snapshot.rows.get(&booking_id).ok_or(StopReason::Changed)?;
        let booking_config = self.payouts.effect_clients.booking_config;
        Ok(snapshot.company.record_booking(row.clone(), change, booking_config, now)?.writes)
    }

    fn line_write(
        &self,
        snapshot: &PayeeSnapshot,
        plan: &Plan,
        currency: &Currency,
        sums: (i64, i64),
    ) -> Write {
        let carried = plan.carried.iter().find(|line| line.currency == *currency);
        let payee_key = (&snapshot.turn.professional_id, currency);
        snapshot.company.update_batch_line(self.payout_request.batch, payee_key, sums, carried)
    }

    /// The write that binds an approval to this batch, so that no other batch can use it.
    fn approval_write(&self, snapshot: &PayeeSnapshot, currency: &Currency) -> Option<Write> {
        let (batch, now) = (self.payout_request.batch, self.payouts.now());
        let approval = snapshot.money.get(currency)?.approval.as_ref()?;
        let counts =
            approval.counts_for(batch, self.payout_request.requester(), now) && approval.used_in.is_none();
        let limit = self.payouts.approval_above.get(currency);
        let payee_key = &snapshot.turn.professional_id;
        (counts && limit.is_some())
            .then(|| snapshot.company.use_approval(payee_key, currency, approval, batch))
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), StopReason> {
        Ok(self.payouts.store.commit(self.payouts.ids.next(), writes).await?)
    }

    /// Makes one transfer. A transfer that cannot be made now stays in the due index.
    async fn perform(
        &self,
        snapshot: &PayeeSnapshot,
        booking_id: BookingId,
        effect: Effect,
        progress: &mut Progress,
    ) -> Result<(), StopReason> {
        self.check_may_continue(snapshot).await?;
        let (now, owner) = (self.payouts.now(), self.payouts.ids.next());
        let effect_clients = self.payouts.effect_clients;
        let outcome =
            effects::execute(&snapshot.company, booking_id, effect, effect_clients, owner, now).await?;
        let effect = match outcome {
            Outcome::Recorded(effect) => effect,
            Outcome::HeldByAnother => return Ok(()),
            Outcome::SwitchedOff => return Err(StopReason::SwitchedOff),
        };
        match effect.status {
            EffectStatus::Done | EffectStatus::Rejected => {}
            EffectStatus::Unknown => progress.in_doubt = true,
            EffectStatus::Sending => progress.failed = true,
            EffectStatus::Prepared => {
                progress.failed = true;
                self.breaker.record_not_sent(effect.reason.as_deref().unwrap_or_default());
            }
        }
        Ok(())
    }
}
