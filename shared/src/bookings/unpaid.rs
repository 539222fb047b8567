//! Reads the payment of an unpaid booking at Stripe before the booking expires.
//!
//! The table may lack what has happened to the payment: an event was lost, or an older copy of the table was
//! restored. A booking that was paid meanwhile must not be cancelled, because its captured payment would be
//! refunded.

use chrono::{DateTime, Utc};

use super::{Bookings, RowResult, SCHEDULE};
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind};
use crate::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use crate::domain::platform::action::Actor;
use crate::due::RowOutcome;
use crate::effects::payment_facts;
use crate::providers::call::CallError;
use crate::store::error::RecordError;
use crate::store::{Company, StoreError};

impl Bookings<'_> {
    /// Records what Stripe knows about the payment; `None` if nobody has paid, so that the booking may expire.
    pub(super) async fn record_payment(
        &self,
        company: &Company,
        row: &BookingRecord,
        now: DateTime<Utc>,
    ) -> Result<Option<RowResult>, StoreError> {
        let booking_id = row.booking_id;
        let mut found = match self.facts_at_stripe(row).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%booking_id, reason = error.reason(), "an unpaid booking's payment cannot be read");
                return Ok(Some(RowResult::of(RowOutcome::Failed, "payment_not_read")));
            }
        };
        // A known fact that has not paid for the booking, such as an amount in another currency, does not now.
        found.retain(|what| row.history.facts().all(|known| known.what != *what));
        if found.is_empty() {
            return Ok(None);
        }
        let fact = |what| BookingFact { at: now, what, source: SCHEDULE.to_owned() };
        let change = BookingChange {
            facts: found.into_iter().map(fact).collect(),
            cause: SCHEDULE.to_owned(),
            actor: Some(Actor::Schedule),
            ..BookingChange::default()
        };
        let config = self.effect_clients.booking_config;
        let recording = match company.record_booking(row.clone(), change, config, now) {
            Ok(recording) => recording,
            Err(RecordError::Store(error)) => return Err(error),
            Err(error) => {
                tracing::error!(%booking_id, %error, "the payment of a booking was not recorded");
                return Ok(Some(RowResult::of(RowOutcome::FailedAlone, "not_recorded")));
            }
        };
        company.store().commit(self.ids.next(), recording.writes).await?;
        let performed = self.perform_steps(company, booking_id, recording.steps).await;
        Ok(Some(RowResult::of(performed.worked, "payment_found")))
    }

    async fn facts_at_stripe(&self, row: &BookingRecord) -> Result<Vec<BookingFactKind>, CallError> {
        let (Some(stripe), Some(payment)) = (self.effect_clients.stripe, &row.payment_intent_id) else {
            return Ok(Vec::new());
        };
        match stripe.payment_intent(payment.as_str()).await {
            Ok(payment) => Ok(payment_facts(&payment)),
            // Stripe does not know it, so nobody can pay it.
            Err(CallError::Absent) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}
