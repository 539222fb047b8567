//! Events that were never delivered: Stripe tries for three days and lists for thirty.

use chrono::{DateTime, Duration, Utc};

use super::{Run, RunError, half, whole_seconds};
use crate::events::{ArrivalError, Received, STRIPE};
use crate::providers::stripe::balance::{EventFilter, FetchedEvent};
use crate::providers::stripe::list::Created;
use crate::providers::stripe::{self, VerifiedStripeEvent};

/// What Stripe lists, less a minute for clocks that differ.
const LISTED_MINUTES: i64 = 30 * 24 * 60 - 1;

/// How far a run looks back behind where the last one ended: an event may be listed later than it is dated.
const OVERLAP_MINUTES: i64 = 60;

/// The most events of which one request asks what is known.
const AT_ONCE: usize = 100;

/// The events that something follows from; Stripe takes at most twenty.
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
    /// Takes in what happened since the last run and nobody told us, oldest slice first.
    pub(super) async fn fetch_events(&mut self) -> Result<(), RunError> {
        // The second that is not over yet is looked at too, and again by the next run.
        let until = whole_seconds(self.app.clock.now()) + Duration::seconds(1);
        let oldest = until - Duration::minutes(LISTED_MINUTES);
        let mut from = self.cursor.events_from.map_or(oldest, |from| from.max(oldest));
        let mut width = until - from;
        while from < until && !self.is_over() {
            let end = (from + width).min(until);
            let Some(events) = self.events(from, end).await? else {
                width = half(end - from);
                continue;
            };
            let fetched = self.take_in(&events).await?;
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
                // What was taken in was taken in, whoever moves the cursor.
                self.summary.events_fetched += fetched;
                from = self.cursor.events_from.map_or(until, |from| from.max(oldest));
            }
        }
        Ok(())
    }

    async fn events(
        &mut self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Vec<FetchedEvent>>, RunError> {
        let created = Created { from: Some(from), until: Some(until) };
        let types = TYPES.map(str::to_owned).to_vec();
        let (stripe, filter) = (self.stripe, &EventFilter { types, created, delivered: None });
        let fetch = |place| async move { stripe.events(filter, &place).await };
        Ok(self.collect(until - from, fetch, |event: &FetchedEvent| event.id.clone()).await?)
    }

    /// Takes in those that never came in, and says how many they were.
    async fn take_in(&self, events: &[FetchedEvent]) -> Result<u64, RunError> {
        let (inbox, now) = (self.store.inbox(), self.app.clock.now());
        let intake = self.app.intake(self.store);
        let mut fetched = 0;
        for events in events.chunks(AT_ONCE) {
            let ids: Vec<String> = events.iter().map(|event| event.id.clone()).collect();
            let known = inbox.known(STRIPE, &ids).await?;
            for event in events.iter().filter(|event| !known.contains(&event.id)) {
                let verified = VerifiedStripeEvent::fetched(event, now);
                let Ok(read) = stripe::read(&verified, self.app.config.stripe_mode()) else {
                    tracing::error!(event_id = event.id, "an event that Stripe lists cannot be read");
                    continue;
                };
                let received =
                    intake.receive_stripe(&self.app.config.vault, read, verified.body(), now).await;
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
