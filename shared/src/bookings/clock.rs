//! A booking whose time has run out: declined where nobody answered, called off where nobody paid.

use chrono::{DateTime, Duration, Utc};

use super::{Bookings, Ended, SCHEDULE};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{
    Booking, BookingFact, BookingFactKind, BookingStatus, CancelledBy, Due,
};
use crate::domain::platform::action::Actor;
use crate::due::Worked;
use crate::store::error::RecordError;
use crate::store::marketplace::booking::{BookingChange, BookingRow};
use crate::store::{Company, StoreError};

/// Whoever moved the booking meanwhile has most likely settled it, which reading once more tells. What is
/// still open then waits for the next tick.
const TRIES: u32 = 2;

/// A booking that cannot be written is looked at once an hour, not with every tick.
const PAUSE_MINUTES: i64 = 60;

impl Bookings<'_> {
    pub(super) async fn expire(&self, company: &Company, booking_id: BookingId) -> Result<Ended, StoreError> {
        for _ in 0..TRIES {
            let now = self.now();
            let row = company.booking(booking_id).await?;
            let Some(booking) = row.booking() else {
                return Ok(Ended::of(Worked::Skipped, "not_asked_for"));
            };
            let due = booking.next_due(&self.effect_clients.booking_config.policy);
            let (what, reason) = match due {
                // The index lags behind, or the deployment gives more time than it did.
                Some(Due::Decline { at, .. } | Due::Expire { at }) if at > now => {
                    company.store().commit(self.ids.next(), vec![company.put_off_booking(&row, at)]).await?;
                    return Ok(Ended::of(Worked::Skipped, "not_due_yet"));
                }
                Some(Due::Decline { reason, .. }) => {
                    (BookingFactKind::AutoDeclined { reason }, reason.as_str())
                }
                Some(Due::Expire { .. }) => {
                    (BookingFactKind::Cancelled { by: CancelledBy::Schedule }, "not_paid")
                }
                _ => return Ok(Ended::of(Worked::Skipped, "answered")),
            };
            match self.decide(company, row, &booking, (what, reason), now).await {
                Err(StoreError::Conflict { .. }) => {}
                decided => return decided,
            }
        }
        Ok(Ended::of(Worked::Skipped, "moved_meanwhile"))
    }

    /// Writes the decision down with the steps it begins, and takes them.
    async fn decide(
        &self,
        company: &Company,
        row: BookingRow,
        booking: &Booking,
        (what, reason): (BookingFactKind, &'static str),
        now: DateTime<Utc>,
    ) -> Result<Ended, StoreError> {
        let booking_id = row.booking_id;
        // Clocks differ by a little, and an end that sorted before what it ends would be lost.
        let fact = BookingFact { at: now.max(booking.stage_at), what, source: SCHEDULE.to_owned() };
        let change = BookingChange {
            facts: vec![fact],
            cause: SCHEDULE.to_owned(),
            actor: Some(Actor::Schedule),
            ..BookingChange::default()
        };
        let recording =
            match company.record_booking(row.clone(), change, self.effect_clients.booking_config, now) {
                Ok(recording) => recording,
                Err(RecordError::Store(error)) => return Err(error),
                Err(error) => {
                    tracing::error!(%booking_id, %error, "a booking's end was not recorded");
                    let later = company.put_off_booking(&row, now + Duration::minutes(PAUSE_MINUTES));
                    company.store().commit(self.ids.next(), vec![later]).await?;
                    return Ok(Ended::of(Worked::FailedAlone, "not_recorded"));
                }
            };
        company.store().commit(self.ids.next(), recording.writes).await?;
        let taken = self.take(company, booking_id, recording.steps).await;
        let stage = taken.stage.or(recording.after.map(|booking| booking.stage));
        Ok(Ended { declined: stage == Some(BookingStatus::Declined), ..Ended::of(taken.worked, reason) })
    }
}
