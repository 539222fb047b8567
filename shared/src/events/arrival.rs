//! Events of Stripe's as they arrive, delivered and signed or fetched from Stripe itself: the same way
//! for both, so that it does not matter which comes first.

use chrono::{DateTime, Utc};

use super::{Intake, Received};
use crate::domain::event::{Event, Meaning};
use crate::store::StoreError;
use crate::store::inbox::{EventState, StoredEvent};
use crate::vault::{Vault, VaultError};

/// The source under which Stripe's events are kept.
pub const STRIPE: &str = "stripe";

/// What the raw body of an event is sealed for.
pub fn sealed_for(source: &str, event_id: &str) -> String {
    format!("event:{source}:{event_id}")
}

/// Why an event cannot be taken in.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// Without a key nothing is kept: the raw body may name people.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The table.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Intake<'_> {
    /// Takes in an event that is known to be Stripe's own, with the body it was read from. What nothing
    /// follows from is only kept.
    pub async fn receive_stripe(
        &self,
        vault: &Vault,
        event: Event,
        body: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Received, ArrivalError> {
        let is_followed = event.meaning != Meaning::Nothing;
        let stored = StoredEvent {
            source: STRIPE.to_owned(),
            payload_sealed: vault.seal(&sealed_for(STRIPE, &event.event_id), body)?,
            payload_min: event,
            state: if is_followed { EventState::Pending } else { EventState::Received },
            received_at: now,
            tries: 0,
            reason: None,
            replays: 0,
        };
        if is_followed {
            return Ok(self.receive(stored, now).await?);
        }
        let kept = self.store.inbox().keep_now(&stored, None).await?;
        Ok(if kept { Received::Kept } else { Received::Duplicate })
    }
}
