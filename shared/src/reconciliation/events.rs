//! Fetches events that were never delivered: Stripe retries delivery for three days and lists events for thirty.

use chrono::{DateTime, Duration, Utc};

use super::{Run, RunError, half, whole_seconds};
use crate::events::{ArrivalError, Received, STRIPE};
use crate::providers::stripe::balance::{EventFilter, FetchedEvent};
use crate::providers::stripe::list::Created;
use crate::providers::stripe::{self, VerifiedStripeEvent};

/// The period that Stripe lists, less a minute for clock skew.
const LISTED_MINUTES: i64 = 30 * 24 * 60 - 1;

/// How far a run reaches back before the end of the last one: an event may be listed later than it is dated.
const OVERLAP_MINUTES: i64 = 60;

/// Events whose ids one request to the table checks.
const AT_ONCE: usize = 100;

/// The event types that have a meaning for us; Stripe accepts at most twenty in a filter.
const TYPES: [&str; 18] = [
    "account.application.deauthorized",
    "account.updated",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.succeeded",
    "payout.failed",
    "refund.failed",
    "refund.updated",
    "transfer.reversed",
    "transfer.updated",
];

impl Run<'_> {
    /// Receives the events since the last run that were not delivered, oldest slice first.
    pub(super) async fn fetch_events(&mut self) -> Result<(), RunError> {
        // The current second is included, and the next run reads it again.
        let until = whole_seconds(self.reconciler.clock.now()) + Duration::seconds(1);
        let oldest = until - Duration::minutes(LISTED_MINUTES);
        let mut from = self.cursor.events_from.map_or(oldest, |from| from.max(oldest));
        let mut width = until - from;
        while from < until && !self.is_limit_reached() {
            let end = (from + width).min(until);
            let Some(events) = self.fetch_slice(from, end).await? else {
                width = half(end - from);
                continue;
            };
            let fetched = self.receive_missing(&events).await?;
            let mut cursor = self.cursor.clone();
            let next = if end == until { until - Duration::minutes(OVERLAP_MINUTES) } else { end };
            cursor.events_from = Some(next);
            let mut summary = self.summary.clone();
            summary.events_from = summary.events_from.or(Some(from));
            summary.events_until = Some(end);
            summary.events += events.len() as u64;
            summary.events_fetched += fetched;
            if self.advance(cursor, summary).await? {
                self.known += events.len() as u64 - fetched;
                (from, width) = (end, width * 2);
            } else {
                // The events were received even if another run advanced the cursor.
                self.summary.events_fetched += fetched;
                from = self.cursor.events_from.map_or(until, |from| from.max(oldest));
            }
        }
        Ok(())
    }

    async fn fetch_slice(
        &mut self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Vec<FetchedEvent>>, RunError> {
        let created = Created { from: Some(from), until: Some(until) };
        let types = TYPES.map(str::to_owned).to_vec();
        let (stripe, filter) = (self.stripe, &EventFilter { types, created, delivered: None });
        let fetch = |cursor| async move { stripe.events(filter, &cursor).await };
        Ok(self.collect(until - from, fetch, |event: &FetchedEvent| event.id.clone()).await?)
    }

    /// Receives those events that were never received, and returns their number.
    async fn receive_missing(&self, events: &[FetchedEvent]) -> Result<u64, RunError> {
        let (inbox, now) = (self.store.inbox(), self.reconciler.clock.now());
        let intake = self.reconciler.intake;
        let mut fetched = 0;
        for events in events.chunks(AT_ONCE) {
            let ids: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
            let known = inbox.known_events(STRIPE, &ids).await?;
            for event in events.iter().filter(|event| !known.contains(&event.id)) {
                let verified = VerifiedStripeEvent::fetched(event, now);
                let Ok(read) = stripe::read(&verified, self.reconciler.stripe_mode) else {
                    tracing::error!(event_id = event.id, "an event that Stripe lists cannot be read");
                    continue;
                };
                let received = intake.receive_stripe(self.reconciler.vault, read, verified.body(), now).await;
                let received = received.map_err(|error| match error {
                    ArrivalError::Store(error) => RunError::from(error),
                    ArrivalError::Vault(error) => RunError::Run(error.into()),
                })?;
                tracing::info!(event_id = event.id, ?received, "event fetched");
                fetched += u64::from(received != Received::Duplicate);
            }
        }
        Ok(fetched)
    }
}
