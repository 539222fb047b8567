//! The steps of a booking that call a provider: performed one after the other, or withdrawn.

use std::collections::VecDeque;

use super::{Bookings, RowResult};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{Booking, BookingStatus, Step};
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::domain::marketplace::payout::TransferRequest;
use crate::domain::platform::effect::{Effect, EffectStatus, Request};
use crate::due::RowOutcome;
use crate::effects::{self, Outcome};
use crate::store::{Company, StoreError};

/// The longest chain is a void and then a mail to each party; five leaves room. Further steps wait for the next
/// tick.
const MAX_STEPS: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepsResult {
    /// The worst result of the steps.
    pub worked: RowOutcome,
    /// The booking's stage after the last step that changed the booking.
    pub stage: Option<BookingStatus>,
}

impl Bookings<'_> {
    /// Performs steps that are written already, and their follow-up steps. The others are found in the due
    /// index.
    pub async fn perform_steps(
        &self,
        company: &Company,
        booking_id: BookingId,
        steps: Vec<Effect>,
    ) -> StepsResult {
        let mut result = StepsResult { worked: RowOutcome::Done, stage: None };
        let mut queue = VecDeque::from(steps);
        for _ in 0..MAX_STEPS {
            let Some(step) = queue.pop_front() else { break };
            let is_mail = matches!(step.request, Request::BookingMail { .. });
            let (effect_clients, now) = (self.effect_clients, self.now());
            let performed =
                effects::perform(company, booking_id, step, effect_clients, self.ids.next(), now).await;
            let worked = match performed {
                Ok(performed) => {
                    queue.extend(performed.next);
                    result.stage = performed.booking.map(|booking| booking.stage).or(result.stage);
                    row_outcome(&performed.outcome, is_mail)
                }
                Err(error) => {
                    tracing::error!(%booking_id, %error, "the end of a step was not written");
                    RowOutcome::Failed
                }
            };
            result.worked = result.worked.max(worked);
        }
        result
    }

    pub(super) async fn process_step(
        &self,
        company: &Company,
        booking_id: BookingId,
        operation: &str,
    ) -> Result<RowResult, StoreError> {
        let Some(effect) = company.action(booking_id, operation).await? else {
            return Ok(RowResult::of(RowOutcome::Skipped, "step_absent"));
        };
        let now = self.now();
        if effect.status.is_final() {
            return Ok(RowResult::of(RowOutcome::Skipped, "step_ended"));
        }
        if effect.lease_until.is_some_and(|until| until > now) {
            return Ok(RowResult::of(RowOutcome::Skipped, "step_waits"));
        }
        // Only what was never sent can be withdrawn.
        if effect.status == EffectStatus::Prepared {
            let row = company.booking(booking_id).await?;
            if let Some(reason) = withdrawal_reason(&row, &effect.request) {
                effects::withdraw(company, booking_id, &effect, reason, self.effect_clients, now).await?;
                return Ok(RowResult::of(RowOutcome::Done, reason));
            }
        }
        let performed = self.perform_steps(company, booking_id, vec![effect]).await;
        Ok(RowResult::of(performed.worked, "step_taken"))
    }
}

/// Maps a step's outcome to what the run reports.
fn row_outcome(outcome: &Outcome, is_mail: bool) -> RowOutcome {
    let effect = match outcome {
        Outcome::Recorded(effect) => effect,
        Outcome::HeldByAnother => return RowOutcome::Skipped,
        Outcome::SwitchedOff => return RowOutcome::SwitchedOff,
    };
    match effect.status {
        EffectStatus::Done | EffectStatus::Rejected => RowOutcome::Done,
        EffectStatus::Unknown => RowOutcome::InDoubt,
        // A failed mail must not delay other bookings.
        EffectStatus::Prepared | EffectStatus::Sending if is_mail => RowOutcome::FailedAlone,
        EffectStatus::Prepared | EffectStatus::Sending => RowOutcome::Failed,
    }
}

/// The reason to withdraw a step that the booking does not need any more; `None` if it is still needed.
fn withdrawal_reason(row: &BookingRecord, request: &Request) -> Option<&'static str> {
    let Some(booking) = row.booking() else { return Some("booking_absent") };
    let step = match request {
        Request::Transfer(transfer) => return transfer_withdrawal_reason(&booking, transfer),
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
    // If the dispute is won, the refund is due again and a person retries it.
    let is_withheld = step == Step::Refund && booking.dispute_open && booking.amounts.remaining() > 0;
    Some(if is_withheld { "dispute_open" } else { "not_wanted_any_more" })
}

fn transfer_withdrawal_reason(booking: &Booking, transfer: &TransferRequest) -> Option<&'static str> {
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
