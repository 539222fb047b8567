//! The sweep over bookings: deadlines that have passed, and steps that are not final yet.
//!
//! | found by the sweep | condition when read again | action |
//! | --- | --- | --- |
//! | a booking that was not answered in time | still unanswered after its deadline | decline it, void the authorization, mail the customer |
//! | a booking that was not paid in time | still unpaid after its deadline, also at Stripe | cancel it and its payment |
//! | a step that was never sent | the booking does not need it any more | withdraw it, with the reason |
//! | a step that is not final | the booking needs it, or it may have been sent | perform it and its follow-up steps |
//! | a deadline or a transfer whose switch is off | not read | leave it due |
//!
//! The decision is written before any request is sent, on condition that the booking's version is unchanged. So
//! only one of two concurrent sweeps writes it, and an answer that arrived first is kept.

mod clock;
mod step;
mod unpaid;

use chrono::{DateTime, Utc};

use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::party::BookingId;
use crate::domain::platform::objective::Kept;
use crate::due::RowOutcome;
use crate::effects::EffectClients;
use crate::store::due::DueRow;
use crate::store::{Company, RowKind, Store, StoreError};

/// The name of the schedule in facts and audit entries.
const SCHEDULE: &str = "auto_decline";

/// The clients that the sweep over bookings needs.
#[derive(Clone, Copy)]
pub struct Bookings<'a> {
    pub store: &'a Store,
    pub effect_clients: EffectClients<'a>,
    pub ids: &'a Ids,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowResult {
    pub worked: RowOutcome,
    /// One of our own reason codes.
    pub reason: &'static str,
    /// Whether the booking is declined now, so not captured meanwhile.
    pub declined: bool,
    /// Whether it was declined in time; absent unless it is declined.
    pub kept: Option<Kept>,
}

impl RowResult {
    fn of(worked: RowOutcome, reason: &'static str) -> Self {
        Self { worked, reason, declined: false, kept: None }
    }
}

impl Bookings<'_> {
    /// Processes one due row and logs the result. Without a Stripe key bookings are skipped, because no step
    /// could be performed.
    pub async fn work_on(&self, row: &DueRow) -> RowResult {
        let (Some(company_id), Some(booking_id)) = (row.key.company(), row.key.booking_id()) else {
            return RowResult::of(RowOutcome::Skipped, "not_of_a_booking");
        };
        if self.effect_clients.stripe.is_none() {
            return RowResult::of(RowOutcome::Skipped, "stripe_not_configured");
        }
        let ended = match self.process_unheld_row(&self.store.company(&company_id), booking_id, row).await {
            Ok(ended) => ended,
            // The row changed meanwhile; the next tick reads it again.
            Err(StoreError::Conflict { .. }) => RowResult::of(RowOutcome::Skipped, "moved_meanwhile"),
            Err(error) => {
                tracing::error!(%company_id, %booking_id, %error, "a due row of a booking failed");
                match error {
                    StoreError::Shape(_) => RowResult::of(RowOutcome::FailedAlone, "row_unreadable"),
                    _ => RowResult::of(RowOutcome::Failed, "table_unavailable"),
                }
            }
        };
        tracing::info!(
            %company_id,
            %booking_id,
            operation = row.key.operation(),
            worked = ?ended.worked,
            reason = ended.reason,
            "due row of a booking"
        );
        ended
    }

    async fn process_unheld_row(
        &self,
        company: &Company,
        booking_id: BookingId,
        row: &DueRow,
    ) -> Result<RowResult, StoreError> {
        if self.effect_clients.switches.holds_row(self.store, &row.key, self.now()).await? {
            return Ok(RowResult::of(RowOutcome::SwitchedOff, "switched_off"));
        }
        self.process_row(company, booking_id, row).await
    }

    async fn process_row(
        &self,
        company: &Company,
        booking_id: BookingId,
        row: &DueRow,
    ) -> Result<RowResult, StoreError> {
        match (row.key.kind(), row.key.operation()) {
            (RowKind::Booking, _) => self.expire(company, booking_id).await,
            (RowKind::BookingAction, Some(operation)) => {
                self.process_step(company, booking_id, operation).await
            }
            _ => Ok(RowResult::of(RowOutcome::Skipped, "not_of_a_booking")),
        }
    }

    /// The current time for records. A run takes minutes, so it must not date its last write with its start.
    fn now(&self) -> DateTime<Utc> {
        self.effect_clients.clock.now()
    }
}
