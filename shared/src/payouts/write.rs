//! Carrying a plan out: each part written under the claim, performed, and the professional let go.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use super::payee_snapshot::{LEASE_MINUTES, PayeeSnapshot, entry, lease_until};
use super::run::{Run, TurnResult};
use crate::domain::kernel::money::{Currency, Money};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind};
use crate::domain::marketplace::payout::{
    BatchEntry, EntryStatus, Plan, PlannedTransfer, SettledByDebt, Skip, SkipReason,
};
use crate::domain::platform::action::{Action, ActionKind};
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::due::Worked;
use crate::effects::{self, Outcome};
use crate::store::error::RecordError;
use crate::store::marketplace::booking::{BookingChange, BookingRow, PayoutChange};
use crate::store::marketplace::payee::{NextLook, PayeeRow};
use crate::store::{StoreError, Write};

/// Bookings of one transaction: each takes three writes of its hundred, and a conflict at one of them
/// costs the others a second look.
const BOOKINGS_AT_ONCE: usize = 20;

/// Skips of one transaction, each one write.
const SKIPS_AT_ONCE: usize = 80;

/// An index follows the table within a fraction of a second, as AWS says, and later where something is wrong.
const INDEX_LAG_MINUTES: i64 = 5;

/// Why a plan was not carried out to its end.
enum StopReason {
    /// A booking moved since it was looked at, or somebody else has taken over.
    Moved,
    /// The run is over, or Stripe is not there for us.
    Shut,
    Store(StoreError),
}

impl From<StoreError> for StopReason {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Moved,
            error => Self::Store(error),
        }
    }
}

impl From<RecordError> for StopReason {
    fn from(error: RecordError) -> Self {
        match error {
            RecordError::Store(error) => error.into(),
            // A booking whose books do not add up is not paid, and somebody reads this.
            error => Self::Store(StoreError::Shape(error.to_string())),
        }
    }
}

/// What came of a plan's transfers so far.
#[derive(Default)]
struct Progress {
    decided: Plan,
    failed: bool,
    in_doubt: bool,
}

impl Run<'_> {
    pub(super) async fn carry_out(&self, looked: PayeeSnapshot, plan: Plan) -> TurnResult {
        let mut progress = Progress::default();
        let halted = self.parts(&looked, &plan, &mut progress).await.err();
        let next = match &halted {
            None => self.next_look(&looked, &plan),
            Some(_) => NextLook::Now(looked.held.looked_until.clone()),
        };
        let goes_on = halted.is_none() && looked.next.is_some();
        let id = &looked.turn.professional_id;
        if let Err(error) = looked.company.release_payee(id, &looked.held, next).await {
            tracing::warn!(%error, "a professional stays claimed until the lease lapses");
        }
        let (worked, tries) = match &halted {
            Some(StopReason::Store(error)) => {
                tracing::error!(%error, "a payout plan was not carried out");
                (Worked::Failed, None)
            }
            Some(StopReason::Moved) => (Worked::Skipped, Some(looked.turn.tries + 1)),
            Some(StopReason::Shut) => (Worked::Skipped, None),
            None if progress.failed => (Worked::Failed, Some(0)),
            None if progress.in_doubt => (Worked::InDoubt, Some(0)),
            None => (Worked::Done, Some(0)),
        };
        self.tell(progress.decided);
        let again = tries.filter(|_| goes_on || matches!(halted, Some(StopReason::Moved)));
        let again = again.map(|tries| super::payee_snapshot::PayeeTurn { tries, ..looked.turn });
        TurnResult { worked, again, left: halted.is_some() || progress.failed || goes_on }
    }

    /// The parts of a plan, each decided and performed before the next: whatever ends the run leaves little
    /// that is decided and not done.
    async fn parts(
        &self,
        looked: &PayeeSnapshot,
        plan: &Plan,
        progress: &mut Progress,
    ) -> Result<(), StopReason> {
        for settled in &plan.settled {
            self.check_gate()?;
            self.settle(looked, plan, settled).await?;
            progress.decided.settled.push(settled.clone());
        }
        for part in plan.transfers.chunks(BOOKINGS_AT_ONCE) {
            self.check_gate()?;
            let effects = self.decide(looked, plan, part).await?;
            progress.decided.transfers.extend_from_slice(part);
            for (booking_id, effect) in effects {
                self.perform(looked, booking_id, effect, progress).await?;
            }
        }
        for part in plan.skips.chunks(SKIPS_AT_ONCE) {
            self.skip(looked, plan, part).await?;
            progress.decided.skips.extend_from_slice(part);
        }
        progress.decided.carried.clone_from(&plan.carried);
        Ok(())
    }

    fn check_gate(&self) -> Result<(), StopReason> {
        if self.breaker.is_open() { Ok(()) } else { Err(StopReason::Shut) }
    }

    /// A share that a debt takes all of. Its books change the balance, so it is a transaction of its own.
    async fn settle(
        &self,
        looked: &PayeeSnapshot,
        plan: &Plan,
        settled: &SettledByDebt,
    ) -> Result<(), StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let SettledByDebt { booking_id, payable, .. } = settled;
        let nothing = Money { amount: 0, currency: payable.currency.clone() };
        let what = BookingFactKind::PaidOut {
            batch,
            transfer: None,
            money: nothing,
            carried_amount: payable.amount,
        };
        let source = format!("settle:{booking_id}:{batch}");
        let change = BookingChange {
            facts: vec![BookingFact { at: now, what, source: source.clone() }],
            payout: Some(PayoutChange::Settled),
            cause: source,
            actor: Some(self.payout_request.actor.clone()),
            ..BookingChange::default()
        };
        let mut writes = self.held(looked, now);
        writes.extend(self.recorded(looked, *booking_id, change, now)?);
        let entry = BatchEntry {
            status: EntryStatus::Settled,
            carried_amount: payable.amount,
            ..entry(*booking_id, looked, payable, now)
        };
        writes.push(looked.company.enter_in_batch(batch, &entry)?);
        writes.push(self.line(looked, plan, &payable.currency, (0, payable.amount)));
        self.commit(writes).await
    }

    /// Decides on transfers: after this they are made, by this run or by the sweep.
    async fn decide(
        &self,
        looked: &PayeeSnapshot,
        plan: &Plan,
        part: &[PlannedTransfer],
    ) -> Result<Vec<(BookingId, Effect)>, StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let company = &looked.company;
        let mut writes = self.held(looked, now);
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
            writes.extend(self.recorded(looked, *booking_id, change, now)?);
            let action = Action::plain(key.clone(), ActionKind::ShareTransferred, actor, now);
            let effect = Effect::prepared(action, Request::Transfer(request.clone()), key.clone());
            // Left to this run for as long as it may hold the claim, then to the sweep.
            let due_at = now + Duration::minutes(LEASE_MINUTES);
            writes.push(company.add_action(*booking_id, &effect, Some(due_at))?);
            let entry = BatchEntry {
                amount: request.amount,
                carried_amount: *carried_amount,
                operation: Some(key),
                ..entry(*booking_id, looked, &transfer.payable, now)
            };
            writes.push(company.enter_in_batch(batch, &entry)?);
            effects.push((*booking_id, effect));
            let sum = sums.entry(&request.currency).or_default();
            (sum.0, sum.1) = (sum.0.saturating_add(request.amount), sum.1.saturating_add(*carried_amount));
        }
        for (currency, sum) in sums {
            if sum.1 > 0 {
                writes.push(company.reserve(&looked.turn.professional_id, currency, sum.1));
            }
            writes.push(self.line(looked, plan, currency, sum));
            writes.extend(self.used_approval(looked, currency));
        }
        self.commit(writes).await?;
        Ok(effects)
    }

    /// Says of bookings why they wait. What this or another batch is at already is said there.
    async fn skip(&self, looked: &PayeeSnapshot, plan: &Plan, part: &[Skip]) -> Result<(), StopReason> {
        let (now, batch) = (self.payouts.now(), self.payout_request.batch);
        let mut writes = self.held(looked, now);
        for skip in part {
            if matches!(skip.reason, SkipReason::InProgress | SkipReason::AlreadyPaid) {
                continue;
            }
            // The refusal itself stands in the entry, and says more.
            if skip.reason == SkipReason::TransferRefused {
                continue;
            }
            let entry = BatchEntry {
                status: EntryStatus::Skipped,
                reason: Some(skip.reason.as_str().to_owned()),
                ..entry(skip.booking_id, looked, &skip.money, now)
            };
            writes.push(looked.company.enter_in_batch(batch, &entry)?);
        }
        let owing = plan.carried.iter().filter(|line| line.used_amount == 0);
        writes.extend(owing.map(|line| self.line(looked, plan, &line.currency, (0, 0))));
        if writes.len() == 1 {
            return Ok(());
        }
        self.commit(writes).await
    }

    fn held(&self, looked: &PayeeSnapshot, now: DateTime<Utc>) -> Vec<Write> {
        vec![looked.company.hold_payee(&looked.turn.professional_id, &looked.held, lease_until(now))]
    }

    fn recorded(
        &self,
        looked: &PayeeSnapshot,
        booking_id: BookingId,
        change: BookingChange,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, StopReason> {
        let row: &BookingRow = looked.rows.get(&booking_id).ok_or(StopReason::Moved)?;
        let booking_config = self.payouts.effect_clients.booking_config;
        Ok(looked.company.record_booking(row.clone(), change, booking_config, now)?.writes)
    }

    fn line(&self, looked: &PayeeSnapshot, plan: &Plan, currency: &Currency, sums: (i64, i64)) -> Write {
        let carried = plan.carried.iter().find(|line| line.currency == *currency);
        let whose = (&looked.turn.professional_id, currency);
        looked.company.count_in_line(self.payout_request.batch, whose, sums, carried)
    }

    /// An approval that counted is used for this batch and for no other.
    fn used_approval(&self, looked: &PayeeSnapshot, currency: &Currency) -> Option<Write> {
        let (batch, now) = (self.payout_request.batch, self.payouts.now());
        let approval = looked.money.get(currency)?.approval.as_ref()?;
        let counts =
            approval.counts_for(batch, self.payout_request.asker(), now) && approval.used_in.is_none();
        let limit = self.payouts.approval_above.get(currency);
        let whose = &looked.turn.professional_id;
        (counts && limit.is_some()).then(|| looked.company.use_approval(whose, currency, approval, batch))
    }

    async fn commit(&self, writes: Vec<Write>) -> Result<(), StopReason> {
        Ok(self.payouts.store.commit(self.payouts.ids.next(), writes).await?)
    }

    /// Makes one transfer. What cannot be made now is due by itself.
    async fn perform(
        &self,
        looked: &PayeeSnapshot,
        booking_id: BookingId,
        effect: Effect,
        progress: &mut Progress,
    ) -> Result<(), StopReason> {
        self.check_gate()?;
        let (now, owner) = (self.payouts.now(), self.payouts.ids.next());
        let effect_clients = self.payouts.effect_clients;
        let outcome =
            effects::execute(&looked.company, booking_id, effect, effect_clients, owner, now).await?;
        let Outcome::Recorded(effect) = outcome else { return Ok(()) };
        tracing::info!(%booking_id, effect = %effects::describe(&effect), "transfer attempted");
        match effect.status {
            EffectStatus::Done | EffectStatus::Rejected => {}
            EffectStatus::Unknown => progress.in_doubt = true,
            EffectStatus::Sending => progress.failed = true,
            EffectStatus::Prepared => {
                progress.failed = true;
                self.breaker.note_not_sent(effect.reason.as_deref().unwrap_or_default());
            }
        }
        Ok(())
    }

    /// An index follows the table after a moment. A booking that came to be payable in the last one may have
    /// been on no list yet, and nobody would look for it again.
    fn shown_by_all_lists_at(&self, held: &PayeeRow) -> Option<DateTime<Utc>> {
        let shown_at = held.touched_at? + Duration::minutes(INDEX_LAG_MINUTES);
        (shown_at > self.payouts.effect_clients.clock.now()).then_some(shown_at)
    }

    /// When a professional is looked at again, once a look was carried out to its end.
    fn next_look(&self, looked: &PayeeSnapshot, plan: &Plan) -> NextLook {
        if let Some(next) = &looked.next {
            return NextLook::Now(Some(next.to_string()));
        }
        let day_ends_at = self.payouts.calendar.ends_at(self.payout_request.batch);
        let waits_until = |skip: &Skip| match skip.reason {
            SkipReason::AlreadyPaid | SkipReason::InProgress => None,
            SkipReason::HeldBack => {
                let same = |candidate: &&crate::domain::marketplace::payout::Candidate| {
                    candidate.booking_id == skip.booking_id
                };
                looked.candidates.iter().find(same)?.hold_back_ends_at
            }
            _ => Some(day_ends_at),
        };
        let next = plan.skips.iter().filter_map(waits_until).min();
        // What earlier looks of the same tour left waits for the next batch, whatever it waits for.
        let next =
            if looked.is_later { Some(next.map_or(day_ends_at, |at| at.min(day_ends_at))) } else { next };
        let next = next.or_else(|| self.shown_by_all_lists_at(&looked.held));
        next.map_or(NextLook::Never, NextLook::At)
    }
}
