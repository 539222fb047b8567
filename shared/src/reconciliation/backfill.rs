//! Records facts that Stripe reports and that no event had delivered.

use chrono::{DateTime, Duration, Utc};

use super::explain::{Check, check_row};
use super::stripe_record::{Movement, StripeRecord};
use super::{Run, RunError, whole_seconds};
use crate::domain::marketplace::booking::BookingFact;
use crate::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use crate::domain::platform::action::Actor;
use crate::domain::platform::job::RECONCILIATION_JOB;
use crate::store::error::RecordError;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::retry::retry;

/// An event may change the booking at the same moment; a sixth conflict has another cause.
const TRIES: u32 = 6;

/// Where a Stripe record was found: a balance transaction, or a transfer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub id: &'a str,
    pub created: DateTime<Utc>,
    /// When Stripe was queried.
    pub queried_at: DateTime<Utc>,
}

impl Run<'_> {
    /// Records the missing facts and returns the row after that. Follow-up steps are written in the same
    /// transaction, and the sweep performs them.
    pub(super) async fn backfill(
        &self,
        of: &BookingOwner,
        row: BookingRecord,
        record: &StripeRecord,
        origin: Origin<'_>,
    ) -> Result<BookingRecord, RunError> {
        let row = &row;
        let recorded = retry(TRIES, |attempt| async move {
            let read = if attempt == 0 {
                row.clone()
            } else {
                self.store.company(&of.company_id).booking(of.booking_id).await?
            };
            self.backfill_once(of, read, record, origin).await
        });
        recorded.await
    }

    async fn backfill_once(
        &self,
        of: &BookingOwner,
        row: BookingRecord,
        record: &StripeRecord,
        origin: Origin<'_>,
    ) -> Result<BookingRecord, RunError> {
        let (company, now) = (self.store.company(&of.company_id), self.reconciler.clock.now());
        let Check::MissingFact(what, _) = check_row(&row, record) else { return Ok(row) };
        let source = format!("{RECONCILIATION_JOB}:{}", origin.id);
        let at = origin.happened_at(record);
        let change = BookingChange {
            facts: vec![BookingFact { at, what: *what, source: source.clone() }],
            is_from_stripe: true,
            cause: source,
            actor: Some(Actor::Schedule),
            ..BookingChange::default()
        };
        let intake = self.reconciler.intake;
        let recording = match company.record_booking(row.clone(), change, intake.booking_config, now) {
            Ok(recording) => recording,
            Err(RecordError::Store(error)) => return Err(error.into()),
            Err(error) => {
                tracing::error!(booking_id = %of.booking_id, %error, "a fact that Stripe reports was not recorded");
                return Ok(row);
            }
        };
        self.store.commit(intake.ids.next(), recording.writes).await?;
        tracing::warn!(booking_id = %of.booking_id, line = origin.id, "a missing fact was recorded");
        Ok(recording.row)
    }
}

impl Origin<'_> {
    /// The time of a record's fact. Refunds and disputes are totals of which the newest wins. A query covers every
    /// second before the one it was made in, so it is dated just before that second, and any event of that second
    /// is newer.
    fn happened_at(&self, record: &StripeRecord) -> DateTime<Utc> {
        match record.movement {
            Movement::Refunded | Movement::Disputed(_) => {
                whole_seconds(self.queried_at) - Duration::milliseconds(1)
            }
            _ => self.created,
        }
    }
}
