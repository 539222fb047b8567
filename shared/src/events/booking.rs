//! What follows from an event about the money of a booking.

use chrono::{DateTime, Duration, Utc};

use super::{ApplyError, EventIntake, STRANGERS_TRIES};
use crate::domain::kernel::money::Money;
use crate::domain::kernel::party::{BookingId, PaymentIntentId};
use crate::domain::marketplace::booking::{BookingFact, BookingFactKind};
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::providers::call::CallError;
use crate::providers::stripe::client::Stripe;
use crate::store::marketplace::booking::{BookingChange, BookingOwner};
use crate::store::platform::inbox::StoredEvent;
use crate::store::{Company, Write};

/// Events tell the second. Only what is asked for after it is over, by a clock that may differ by this
/// much, has seen all of it.
const SETTLES_AFTER_S: i64 = 10;

/// What a look says stands behind everything that was told of the same second.
const LAST_OF_A_SECOND_MS: i64 = 999;

impl EventIntake<'_> {
    /// Something happened to the money of a booking. The fact is recorded even before anybody has asked
    /// for the booking, where the event names it.
    pub(super) async fn follow_booking(
        &self,
        stored: &StoredEvent,
        what: BookingFactKind,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let Meaning::Booking { booking_id, payment_intent, .. } = &event.meaning else {
            return Err(ApplyError::OwnerUnknown);
        };
        let (company, booking_id) = match (&event.company_id, booking_id, payment_intent) {
            (Some(company), Some(booking_id), _) => (self.store.company(company), *booking_id),
            (_, _, Some(payment)) => self.owner_of_payment(stored, payment, may_ask).await?,
            _ => return Err(ApplyError::Ignored(IgnoreReason::NotOurs)),
        };
        let fact = BookingFact { at: event.occurred_at, what, source: event.event_id.clone() };
        self.record(event, company, booking_id, fact, now).await
    }

    /// A refund came to nothing: how much went back is what the payment says now.
    pub(super) async fn follow_failed_refund(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_ask: bool,
        now: DateTime<Utc>,
    ) -> Result<Vec<Write>, ApplyError> {
        let event = &stored.payload_min;
        let (company, booking_id) = self.owner_of_payment(stored, payment_intent, may_ask).await?;
        let stripe = self.looks_at(event, may_ask, now)?;
        let payment = stripe.payment_intent(payment_intent.as_str()).await;
        let payment = payment.map_err(|error| ApplyError::of_look_up(&error))?;
        let Some(charge) = payment.charge() else { return Err(ApplyError::Unanswered) };
        let money = Money { amount: charge.amount_returned(), currency: charge.currency.clone() };
        let second = event.occurred_at.timestamp();
        let at = DateTime::from_timestamp(second, 0).unwrap_or(event.occurred_at);
        let fact = BookingFact {
            at: at + Duration::milliseconds(LAST_OF_A_SECOND_MS),
            what: BookingFactKind::Refunded { money, payment_intent: Some(payment_intent.clone()) },
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
        self.stripe.filter(|_| may_ask && is_over).ok_or(ApplyError::NotAsked)
    }

    /// Whose a payment is that the event itself does not name as ours.
    ///
    /// Every payment that we open bears our metadata, and its charge copies them. So an event about a payment or a
    /// charge without them is another shop's, unless we know the payment by its id: the same Stripe account
    /// may serve another shop. Refunds and disputes bear nothing of their payment; where we do not know its id, as
    /// when the answer to opening it was lost, the payment at Stripe says whether it is ours.
    pub(super) async fn owner_of_payment(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_ask: bool,
    ) -> Result<(Company, BookingId), ApplyError> {
        let known = self.store.inbox().booking_owner(payment_intent.as_str()).await;
        let owner = match known.map_err(ApplyError::Store)? {
            Some(owner) => owner,
            None if bears_metadata_of_payment(&stored.payload_min.name) => {
                return Err(ApplyError::Ignored(IgnoreReason::NotOurs));
            }
            None => self.ask_for_owner(stored, payment_intent, may_ask).await?,
        };
        Ok((self.store.company(&owner.company_id), owner.booking_id))
    }

    /// Whose a payment is by its metadata at Stripe.
    async fn ask_for_owner(
        &self,
        stored: &StoredEvent,
        payment_intent: &PaymentIntentId,
        may_ask: bool,
    ) -> Result<BookingOwner, ApplyError> {
        let stripe = self.stripe.filter(|_| may_ask).ok_or(ApplyError::OwnerUnknown)?;
        match stripe.payment_intent(payment_intent.as_str()).await {
            Ok(payment) => {
                let owner = BookingOwner::named_in(&payment.metadata);
                owner.ok_or(ApplyError::Ignored(IgnoreReason::NotOurs))
            }
            Err(CallError::Absent) if stored.tries < STRANGERS_TRIES => Err(ApplyError::OwnerUnknown),
            Err(CallError::Absent) => Err(ApplyError::Ignored(IgnoreReason::NotOurs)),
            Err(error) => Err(ApplyError::of_look_up(&error)),
        }
    }

    async fn record(
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

/// Whether the object of an event of this name carries the metadata of its payment: the payment itself, and its charge.
fn bears_metadata_of_payment(name: &str) -> bool {
    matches!(
        name,
        "payment_intent.amount_capturable_updated"
            | "payment_intent.succeeded"
            | "payment_intent.canceled"
            | "charge.succeeded"
            | "charge.refunded"
    )
}
