//! Handles a verified event: stores and applies it in one transaction, or only stores it if it has no
//! consequences.

use chrono::{DateTime, Utc};
use shared::app::SharedApp;
use shared::domain::platform::event::Event;
use shared::events::Received;
use shared::http::{Answer, Failure};
use shared::store::platform::inbox::{EventStatus, StoredEvent};
use shared::views::platform::event::{ReceiptOutcome, WebhookReceiptView};

use super::seal;

/// Stores an event and applies it, at once if possible and otherwise by the sweep.
pub(super) async fn apply(
    app: &SharedApp,
    source: &str,
    event: Event,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let stored = stored(app, source, event, body, EventStatus::Pending, now)?;
    let (event_id, name) = (stored.payload_min.event_id.clone(), stored.payload_min.name.clone());
    let received = app.intake(app.store()?).receive(stored, now).await?;
    Ok(receipt(source, &event_id, &name, received))
}

/// The answer to the provider.
pub(super) fn receipt(source: &str, event_id: &str, name: &str, received: Received) -> Answer {
    let (outcome, word) = match received {
        Received::Applied => (ReceiptOutcome::Applied, "applied"),
        Received::Kept => (ReceiptOutcome::Kept, "kept"),
        Received::Duplicate => (ReceiptOutcome::Duplicate, "duplicate"),
    };
    tracing::info!(source, event_id, name, outcome = word, "event received");
    Answer::ok(WebhookReceiptView { event_id: event_id.to_owned(), outcome })
}

/// Stores an event with one conditional write. Of two events with the same id the first stays, even if their
/// contents differ: a source that changes an event must send another id.
pub(super) async fn store(
    app: &SharedApp,
    source: &str,
    event: Event,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let stored = stored(app, source, event, body, EventStatus::Received, now)?;
    let kept = app.store()?.inbox().save_event(&stored, None).await?;
    let Event { event_id, name, .. } = stored.payload_min;
    let received = if kept { Received::Kept } else { Received::Duplicate };
    Ok(receipt(source, &event_id, &name, received))
}

/// The stored form of an event, with its body encrypted.
pub(super) fn stored(
    app: &SharedApp,
    source: &str,
    event: Event,
    body: &[u8],
    status: EventStatus,
    now: DateTime<Utc>,
) -> Result<StoredEvent, Failure> {
    let sealed = seal(app, source, &event.event_id, body)?;
    Ok(StoredEvent::new(source, event, sealed, status, now))
}
