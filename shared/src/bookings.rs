//! The sweep over bookings: whatever comes due for one by the clock, and every step of one that has not
//! reached its end.
//!
//! | found by the sweep | read afresh | done |
//! | --- | --- | --- |
//! | a booking nobody answered in time | still unanswered, and its time is over | declined, its money let go, its customer told |
//! | a booking nobody paid in time | still unpaid, and its time is over | called off, its payment closed |
//! | a step that was never sent | the booking wants it no longer | withdrawn, with the reason |
//! | a step that has not ended | the booking wants it, or it may have been sent | performed, and whatever follows from it |
//!
//! The decision is written before anything leaves, and it is written over the version that was read: of
//! two sweeps one writes it, and an answer that came first stays.

mod clock;
mod step;

use chrono::{DateTime, Utc};

use crate::domain::kernel::ids::Ids;
use crate::domain::kernel::party::BookingId;
use crate::due::Worked;
use crate::effects::EffectClients;
use crate::store::due::DueRow;
use crate::store::{Company, RowKind, Store, StoreError};

/// Who decides where nobody did: the name under which the schedule stands in facts and audits.
const SCHEDULE: &str = "auto_decline";

/// Whatever the sweep over bookings needs of the world.
#[derive(Clone, Copy)]
pub struct Bookings<'a> {
    pub store: &'a Store,
    /// By whom steps leave the house.
    pub effect_clients: EffectClients<'a>,
    /// A fresh random id.
    pub ids: &'a Ids,
}

/// How the work on a due row ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// What a run reports of it.
    pub worked: Worked,
    /// Why, in one of our own words.
    pub reason: &'static str,
    /// Whether it declined a booking, and nobody had taken the money before.
    pub declined: bool,
}

impl Ended {
    fn of(worked: Worked, reason: &'static str) -> Self {
        Self { worked, reason, declined: false }
    }
}

impl Bookings<'_> {
    /// Works on one due row, and logs how that ended. Where no key of Stripe's is configured bookings are
    /// left alone: nothing of theirs could be done.
    pub async fn work_on(&self, row: &DueRow) -> Ended {
        let (Some(company_id), Some(booking_id)) = (row.key.company(), row.key.booking_id()) else {
            return Ended::of(Worked::Skipped, "not_of_a_booking");
        };
        if self.effect_clients.stripe.is_none() {
            return Ended::of(Worked::Skipped, "stripe_not_configured");
        }
        let ended = match self.attend_to(&self.store.company(&company_id), booking_id, row).await {
            Ok(ended) => ended,
            // Somebody else moved it meanwhile: the next tick sees how it stands.
            Err(StoreError::Conflict { .. }) => Ended::of(Worked::Skipped, "moved_meanwhile"),
            Err(error) => {
                tracing::error!(%company_id, %booking_id, %error, "a due row of a booking failed");
                match error {
                    StoreError::Shape(_) => Ended::of(Worked::FailedAlone, "row_unreadable"),
                    _ => Ended::of(Worked::Failed, "table_unavailable"),
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

    async fn attend_to(
        &self,
        company: &Company,
        booking_id: BookingId,
        row: &DueRow,
    ) -> Result<Ended, StoreError> {
        match (row.key.kind(), row.key.operation()) {
            (RowKind::Booking, _) => self.expire(company, booking_id).await,
            (RowKind::BookingAction, Some(operation)) => {
                self.step_is_due(company, booking_id, operation).await
            }
            _ => Ok(Ended::of(Worked::Skipped, "not_of_a_booking")),
        }
    }

    /// What time it is now, as it is written down: a run of minutes must not date what it does last as
    /// what it did first.
    fn now(&self) -> DateTime<Utc> {
        self.effect_clients.clock.now()
    }
}
