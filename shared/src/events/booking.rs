//! The writes that follow from an event about the money of a booking.

use chrono::{DateTime, Duration, Utc};

use super::{ApplyError, EventIntake, UNKNOWN_OWNER_TRIES};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind};
use crate::domain::marketplace::booking_record::BookingChange;
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::platform::inbox::StoredEvent;
use crate::store::{Company, Write};

/// Event times have whole-second precision. Stripe is queried only this many seconds later, so that the answer
/// covers the whole second even if the clocks differ.
const QUERY_AFTER_S: i64 = 10;

/// A queried state sorts after all events of the same second.
const END_OF_SECOND_MS: i64 = 999;

impl EventIntake<'_> {
    /// Records a fact about the money of a booking. If the event names the booking, the fact is recorded even
    /// before the booking was requested.
    pub(super) async fn plan_booking_event(
        &self,
        stored: &StoredEvent,
        what: BookingFactKind,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let Meaning::Booking { booking_id, payment_intent, .. } = &event.meaning else {
            return Err(ApplyError::OwnerUnknown);
        };
        let (company, booking_id) = match (&event.company_id, booking_id, payment_intent) {
            (Some(company), Some(booking_id), _) => (self.store.company(company), *booking_id),
            (_, _, Some(payment)) => self.find_payment_owner(stored, payment, may_query).await?,
            _ => return Err(ApplyError::Ignored(IgnoreReason::NotOurs)),
        };
        let fact = BookingFact { at: event.occurred_at, what, source: event.event_id.clone() };
        self.record_fact(event, company, booking_id, fact, now).await
    }

    /// Records how much a payment has returned after one of its refunds failed; the amount is read from Stripe.
    pub(super) async fn plan_failed_refund(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let (company, booking_id) = self.find_payment_owner(stored, payment_intent, may_query).await?;
        let stripe = self.settled_stripe(event, may_query, now)?;
        let payment = stripe.payment_intent(payment_intent.as_str()).await;
        let payment = payment.map_err(|error| ApplyError::of_look_up(&error))?;
        let Some(charge) = payment.charge() else { return Err(ApplyError::Unanswered) };
        let money = Money { amount: charge.amount_returned(), currency: charge.currency.clone() };
        let second = event.occurred_at.timestamp();
        let at = DateTime::from_timestamp(second, 0).unwrap_or(event.occurred_at);
        let fact = BookingFact {
            at: at + Duration::milliseconds(END_OF_SECOND_MS),
            what: BookingFactKind::Refunded { money, payment_intent: Some(payment_intent.clone()) },
            source: event.event_id.clone(),
        };
        self.record_fact(event, company, booking_id, fact, now).await
    }

    /// The Stripe client, once Stripe's answer covers the whole second of the event.
    pub(super) fn settled_stripe(
        &self,
        event: &Event,
        may_query: bool,
        now: DateTime<Utc>,
    ) -> Result<&Stripe, ApplyError> {
        let is_over = now.timestamp().saturating_sub(event.occurred_at.timestamp()) >= QUERY_AFTER_S;
        self.stripe.filter(|_| may_query && is_over).ok_or(ApplyError::NotAsked)
    }

    /// The booking of a payment that the event does not identify by metadata.
    ///
    /// Every payment that we create has our metadata, and its charge copies them. An event about a payment or
    /// charge without them belongs to another shop on the same Stripe account, unless we know the payment's id.
    /// Refunds and disputes do not copy the payment's metadata. If we do not know the payment's id, for example
    /// because the response to its creation was lost, the payment at Stripe says whether it is ours.
    pub(super) async fn find_payment_owner(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_query: bool,
    ) -> Result<(Company, BookingId), ApplyError> {
        let known = self.store.inbox().booking_owner(payment_intent.as_str()).await;
        let owner = match known.map_err(ApplyError::Store)? {
            Some(owner) => owner,
            None if has_payment_metadata(&stored.payload_min.name) => {
                return Err(ApplyError::Ignored(IgnoreReason::NotOurs));
            }
            None => self.query_owner(stored, payment_intent, may_query).await?,
        };
        Ok((self.store.company(&owner.company_id), owner.booking_id))
    }

    /// The booking of a payment according to its metadata at Stripe.
    async fn query_owner(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_query: bool,
    ) -> Result<BookingOwner, ApplyError> {
        let stripe = self.stripe.filter(|_| may_query).ok_or(ApplyError::OwnerUnknown)?;
        match stripe.payment_intent(payment_intent.as_str()).await {
            Ok(payment) => {
                let owner = BookingOwner::named_in(&payment.metadata);
                owner.ok_or(ApplyError::Ignored(IgnoreReason::NotOurs))
            }
            Err(CallError::Absent) if stored.tries < UNKNOWN_OWNER_TRIES => Err(ApplyError::OwnerUnknown),
            Err(CallError::Absent) => Err(ApplyError::Ignored(IgnoreReason::NotOurs)),
            Err(error) => Err(ApplyError::of_look_up(&error)),
        }
    }

    async fn record_fact(
        &self,
        event: &Event,
        company: Company,
        booking_id: BookingId,
        fact: BookingFact,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let read = company.booking(booking_id).await.map_err(ApplyError::Store)?;
        let change = BookingChange {
            facts: vec![fact],
            is_from_stripe: true,
            cause: event.event_id.clone(),
            ..BookingChange::default()
        };
        let recording = company.record_booking(read, change, self.booking_config, now);
        Ok(recording.map_err(ApplyError::of_recording)?.writes)
    }
}

/// Whether the object of this event type has the payment's metadata: the payment itself, or its charge.
fn has_payment_metadata(name: &str) -> bool {
    matches!(
        name,
        "payment_intent.amount_capturable_updated"
            | "payment_intent.succeeded"
            | "payment_intent.canceled"
            | "charge.succeeded"
            | "charge.refunded"
    )
}
