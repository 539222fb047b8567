//! Intake of Stripe's events. Signed webhooks and events fetched from Stripe's API take the same path, so that
//! the order of arrival does not matter.

use chrono::{DateTime, Utc};

use super::{EventIntake, Received};
use crate::domain::platform::event::{Event, IgnoreReason, Meaning};
use crate::store::StoreError;
use crate::store::platform::inbox::{EventStatus, StoredEvent};
use crate::vault::{Vault, VaultError};

/// The source under which Stripe's events are kept.
pub const STRIPE: &str = "stripe";

/// The context that the raw body of an event is sealed with.
pub fn sealed_for(source: &str, event_id: &str) -> String {
    format!("event:{source}:{event_id}")
}

/// Why an event cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// Without an encryption key the event is not stored, because the raw body may identify people.
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EventIntake<'_> {
    /// Receives an event that is verified to be Stripe's, with the body it was parsed from. An event without
    /// a meaning for us is only stored.
    pub async fn receive_stripe(
        &self,
        vault: &Vault,
        event: Event,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Received, ArrivalError> {
        let has_meaning = event.meaning != Meaning::Nothing;
        let sealed = vault.seal(&sealed_for(STRIPE, &event.event_id), body)?;
        let status = if has_meaning { EventStatus::Pending } else { EventStatus::Received };
        let stored = StoredEvent::new(STRIPE, event, sealed, status, now);
        if has_meaning {
            return Ok(self.receive(stored, now).await?);
        }
        let kept = self.store.inbox().save_event(&stored, None).await?;
        Ok(if kept { Received::Kept } else { Received::Duplicate })
    }

    /// Stores an ignored event: its signature was verified, it is acknowledged and counted, and it is applied only
    /// if a person replays it after the reason has been removed.
    pub(super) async fn keep_ignored(
        &self,
        event: StoredEvent,
        reason: IgnoreReason,
    ) -> Result<Received, StoreError> {
        let event = event.ignored(reason);
        if !self.store.inbox().save_event(&event, None).await? {
            return Ok(Received::Duplicate);
        }
        count_ignored(&event, reason);
        Ok(Received::Kept)
    }
}

/// Logs one line for every ignored event, with its reason.
pub(super) fn count_ignored(event: &StoredEvent, reason: IgnoreReason) {
    let (source, name, event_id) = (&event.source, &event.payload_min.name, &event.payload_min.event_id);
    tracing::info!(
        source,
        name,
        event_id,
        reason = reason.as_str(),
        events_ignored = 1,
        "an event was kept without effect"
    );
}
