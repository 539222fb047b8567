//! Expires a booking after its deadline: an unanswered one is declined, an unpaid one is cancelled.

use chrono::{DateTime, Duration, Utc};

use super::{Bookings, RowResult, SCHEDULE};
use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking::{
    Booking, BookingFact, BookingFactKind, BookingStatus, CancelledBy, Due,
};
use crate::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use crate::domain::platform::action::Actor;
use crate::domain::platform::objective::Kept;
use crate::due::RowOutcome;
use crate::store::error::RecordError;
use crate::store::retry::retry;
use crate::store::{Company, StoreError};

/// A concurrent change has most likely answered the booking, so it is read once more. A booking that is still
/// open then waits for the next tick.
const TRIES: u32 = 2;

/// The objective: two runs of the sweep.
const DECLINE_IN_TIME_MINUTES: i64 = 10;

/// A booking that cannot be written is retried once an hour, not with every tick.
const PAUSE_MINUTES: i64 = 60;

impl Bookings<'_> {
    pub(super) async fn expire(
        &self,
        company: &Company,
        booking_id: BookingId,
    ) -> Result<RowResult, StoreError> {
        match retry(TRIES, |_| self.expire_once(company, booking_id)).await {
            Err(StoreError::Conflict { .. }) => Ok(RowResult::of(RowOutcome::Skipped, "moved_meanwhile")),
            result => result,
        }
    }

    async fn expire_once(&self, company: &Company, booking_id: BookingId) -> Result<RowResult, StoreError> {
        let now = self.now();
        let row = company.booking(booking_id).await?;
        let Some(booking) = row.booking() else {
            return Ok(RowResult::of(RowOutcome::Skipped, "not_asked_for"));
        };
        let due = booking.next_due(&self.effect_clients.booking_config.policy);
        let (what, reason) = match due {
            // The index lags behind, or the deployment has extended the deadline.
            Some(Due::Decline { at, .. } | Due::Expire { at }) if at > now => {
                company.store().commit(self.ids.next(), vec![company.postpone_booking(&row, at)]).await?;
                return Ok(RowResult::of(RowOutcome::Skipped, "not_due_yet"));
            }
            Some(Due::Decline { reason, .. }) => (BookingFactKind::AutoDeclined { reason }, reason.as_str()),
            Some(Due::Expire { .. }) => {
                if let Some(found) = self.record_payment(company, &row, now).await? {
                    return Ok(found);
                }
                (BookingFactKind::Cancelled { by: CancelledBy::Schedule }, "not_paid")
            }
            _ => return Ok(RowResult::of(RowOutcome::Skipped, "answered")),
        };
        let ended = self.record_decision(company, row, &booking, (what, reason), now).await?;
        let late = match due {
            Some(Due::Decline { at, .. }) if ended.declined => Some(now - at),
            _ => None,
        };
        let kept = late.map(|late| Kept::one(late <= Duration::minutes(DECLINE_IN_TIME_MINUTES)));
        Ok(RowResult { kept, ..ended })
    }

    /// Records the decision with the steps that follow from it, and performs them.
    async fn record_decision(
        &self,
        company: &Company,
        row: BookingRecord,
        booking: &Booking,
        (what, reason): (BookingFactKind, &'static str),
        now: DateTime<Utc>,
    ) -> Result<RowResult, StoreError> {
        let booking_id = row.booking_id;
        // Clocks differ slightly, and an end dated before the booking's last change would have no effect.
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
                    let later = company.postpone_booking(&row, now + Duration::minutes(PAUSE_MINUTES));
                    company.store().commit(self.ids.next(), vec![later]).await?;
                    return Ok(RowResult::of(RowOutcome::FailedAlone, "not_recorded"));
                }
            };
        company.store().commit(self.ids.next(), recording.writes).await?;
        let performed = self.perform_steps(company, booking_id, recording.steps).await;
        let stage = performed.stage.or(recording.after.map(|booking| booking.stage));
        Ok(RowResult {
            declined: stage == Some(BookingStatus::Declined),
            ..RowResult::of(performed.worked, reason)
        })
    }
}
