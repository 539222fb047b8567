//! The steps of a booking that leave the house: taken one after the other, or withdrawn.

use std::collections::VecDeque;

use super::{Bookings, Ended};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{Booking, BookingStatus, Step};
use crate::domain::marketplace::payout::TransferRequest;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::due::Worked;
use crate::effects::{self, Outcome};
use crate::store::marketplace::booking::BookingRow;
use crate::store::{Company, StoreError};

/// One step leads to another at most twice in a row: letting the money go, then a mail to each side. Whatever went
/// on for longer would wait for the next tick.
const MAX_STEPS: usize = 5;

/// What taking steps led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// What a run reports of them: the worst.
    pub worked: Worked,
    /// Where the booking stands, as far as a step told it anything.
    pub stage: Option<BookingStatus>,
}

impl Bookings<'_> {
    /// Takes steps that were begun and written, and those that follow from their ends. Whatever is not
    /// taken stands in the due index.
    pub async fn take(&self, company: &Company, booking_id: BookingId, steps: Vec<Effect>) -> Taken {
        let mut taken = Taken { worked: Worked::Done, stage: None };
        let mut waiting = VecDeque::from(steps);
        for _ in 0..MAX_STEPS {
            let Some(step) = waiting.pop_front() else { break };
            let is_mail = matches!(step.request, Request::BookingMail { .. });
            let (effect_clients, now) = (self.effect_clients, self.now());
            let performed =
                effects::perform(company, booking_id, step, effect_clients, self.ids.next(), now).await;
            let worked = match performed {
                Ok(performed) => {
                    waiting.extend(performed.next);
                    taken.stage = performed.booking.map(|booking| booking.stage).or(taken.stage);
                    told(booking_id, &performed.outcome, is_mail)
                }
                Err(error) => {
                    tracing::error!(%booking_id, %error, "the end of a step was not written");
                    Worked::Failed
                }
            };
            taken.worked = taken.worked.max(worked);
        }
        taken
    }

    pub(super) async fn step_is_due(
        &self,
        company: &Company,
        booking_id: BookingId,
        operation: &str,
    ) -> Result<Ended, StoreError> {
        let Some(effect) = company.action(booking_id, operation).await? else {
            return Ok(Ended::of(Worked::Skipped, "step_absent"));
        };
        let now = self.now();
        if effect.status.is_final() {
            return Ok(Ended::of(Worked::Skipped, "step_ended"));
        }
        if effect.lease_until.is_some_and(|until| until > now) {
            return Ok(Ended::of(Worked::Skipped, "step_waits"));
        }
        // Only what was never sent can be withdrawn.
        if effect.status == EffectStatus::Prepared {
            let row = company.booking(booking_id).await?;
            if let Some(reason) = moot(&row, &effect.request) {
                effects::withdraw(company, booking_id, &effect, reason, self.effect_clients, now).await?;
                return Ok(Ended::of(Worked::Done, reason));
            }
        }
        let taken = self.take(company, booking_id, vec![effect]).await;
        Ok(Ended::of(taken.worked, "step_taken"))
    }
}

/// Logs how a step stands, and says what a run reports of it.
fn told(booking_id: BookingId, outcome: &Outcome, is_mail: bool) -> Worked {
    let Outcome::Recorded(effect) = outcome else { return Worked::Skipped };
    tracing::info!(%booking_id, effect = %effects::describe(effect), "effect attempted");
    match effect.status {
        EffectStatus::Done | EffectStatus::Rejected => Worked::Done,
        EffectStatus::Unknown => Worked::InDoubt,
        // That mail does not go out is no reason to let another booking wait.
        EffectStatus::Prepared | EffectStatus::Sending if is_mail => Worked::FailedAlone,
        EffectStatus::Prepared | EffectStatus::Sending => Worked::Failed,
    }
}

/// Why a step that was decided on need not leave any more.
fn moot(row: &BookingRow, request: &Request) -> Option<&'static str> {
    let Some(booking) = row.booking() else { return Some("booking_absent") };
    let step = match request {
        Request::Transfer(transfer) => return moot_transfer(&booking, transfer),
        Request::Hold { .. } => Step::Hold,
        Request::Capture { .. } => Step::Capture,
        Request::Release { .. } => Step::Release,
        Request::Refund { .. } => Step::Refund,
        Request::BookingMail { mail, .. } => mail.step(),
        _ => return None,
    };
    if booking.wants(step, row.payment_intent_id.as_ref()) {
        return None;
    }
    // Once the dispute is won the customer's money is owed again: a person has it tried again then.
    let is_withheld = step == Step::Refund && booking.dispute_open && booking.amounts.remaining() > 0;
    Some(if is_withheld { "dispute_open" } else { "not_wanted_any_more" })
}

fn moot_transfer(booking: &Booking, transfer: &TransferRequest) -> Option<&'static str> {
    let planned = transfer.amount.saturating_add(transfer.metadata.carried_amount);
    if booking.payout.is_some() {
        Some("already_paid")
    } else if booking.dispute_open {
        Some("disputed")
    } else if booking.stage != BookingStatus::Completed {
        Some("not_completed")
    } else {
        (booking.amounts.payable != planned).then_some("amount_changed")
    }
}
