//! What follows from an event about the money of a booking.

use chrono::{DateTime, Duration, Utc};

use super::{ApplyError, Intake};
use crate::domain::booking::{Fact, What};
use crate::domain::event::Event;
use crate::domain::money::Money;
use crate::domain::party::{BookingId, PaymentIntentId};
use crate::providers::stripe::client::Stripe;
use crate::store::booking::BookingNews;
use crate::store::{Company, Write};

/// Events tell the second. Only what is asked for after it is over, by a clock that may differ by this
/// much, has seen all of it.
const SETTLES_AFTER_S: i64 = 10;

/// What a look says stands behind everything that was told of the same second.
const LAST_OF_A_SECOND_MS: i64 = 999;

impl Intake<'_> {
    /// Something happened to the money of a booking. The fact is recorded even before anybody has asked
    /// for the booking, where the event names it.
    pub(super) async fn follow_booking(
        &self,
        event: &Event,
        booking_id: Option<BookingId>,
        payment_intent: Option<&PaymentIntentId>,
        what: What,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let owner = match (&event.company_id, booking_id) {
            (Some(company), Some(booking_id)) => Some((self.store.company(company), booking_id)),
            _ => self.owner_of(payment_intent).await?,
        };
        let (company, booking_id) = owner.ok_or(ApplyError::OwnerUnknown)?;
        let fact = Fact { at: event.occurred_at, what, source: event.event_id.clone() };
        self.record(event, company, booking_id, fact, now).await
    }

    /// A refund came to nothing: how much went back is what the payment says now.
    pub(super) async fn follow_failed_refund(
        &self,
        event: &Event,
        payment_intent: &PaymentIntentId,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let (company, booking_id) =
            self.owner_of(Some(payment_intent)).await?.ok_or(ApplyError::OwnerUnknown)?;
        let stripe = self.looks_at(event, may_ask, now)?;
        let payment = stripe.payment_intent(payment_intent.as_str()).await;
        let payment = payment.map_err(|_| ApplyError::Unanswered)?;
        let Some(charge) = payment.charge() else { return Err(ApplyError::Unanswered) };
        let money = Money { amount: charge.amount_returned(), currency: charge.currency.clone() };
        let second = event.occurred_at.timestamp();
        let at = DateTime::from_timestamp(second, 0).unwrap_or(event.occurred_at);
        let fact = Fact {
            at: at + Duration::milliseconds(LAST_OF_A_SECOND_MS),
            what: What::Refunded { money, payment_intent: Some(payment_intent.clone()) },
            source: event.event_id.clone(),
        };
        self.record(event, company, booking_id, fact, now).await
    }

    /// Stripe, once it can say how things stood after the second of the event.
    pub(super) fn looks_at(
        &self,
        event: &Event,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<&Stripe, ApplyError> {
        let is_over = now.timestamp().saturating_sub(event.occurred_at.timestamp()) >= SETTLES_AFTER_S;
        self.stripe.filter(|_| may_ask && is_over).ok_or(ApplyError::Unanswered)
    }

    async fn owner_of(
        &self,
        payment_intent: Option<&PaymentIntentId>,
    ) -> Result<Option<(Company, BookingId)>, ApplyError> {
        let Some(payment_intent) = payment_intent else { return Ok(None) };
        let owner = self.store.inbox().booking_owner(payment_intent.as_str()).await;
        let owner = owner.map_err(ApplyError::Store)?;
        Ok(owner.map(|owner| (self.store.company(&owner.company_id), owner.booking_id)))
    }

    async fn record(
        &self,
        event: &Event,
        company: Company,
        booking_id: BookingId,
        fact: Fact,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let read = company.booking(booking_id).await.map_err(ApplyError::Store)?;
        let news = BookingNews { facts: vec![fact], cause: event.event_id.clone(), ..BookingNews::default() };
        let recording = company.record_booking(read, news, self.deployment, now);
        Ok(recording.map_err(ApplyError::of_recording)?.writes)
    }
}
