//! What is done with a verified event: kept and applied in one transaction, or kept alone where nothing
//! follows from it.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::app::SharedApp;
use shared::domain::platform::event::Event;
use shared::events::Received;
use shared::http::{Answer, Failure};
use shared::store::platform::inbox::{EventStatus, StoredEvent};

use super::seal;

/// Keeps an event and applies it, at once where that can be done and by the sweep where not.
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

/// What a provider is answered.
pub(super) fn receipt(source: &str, event_id: &str, name: &str, received: Received) -> Answer {
    let outcome = match received {
        Received::Applied => "applied",
        Received::Kept => "kept",
        Received::Duplicate => "duplicate",
    };
    tracing::info!(source, event_id, name, outcome, "event received");
    Answer::ok(json!({"event_id": event_id, "outcome": outcome}))
}

/// Keeps an event, in one conditional write. Of two with one id the first stays, whatever the second
/// says: a source that changes what it said sends another id.
pub(super) async fn keep(
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

/// An event as it is kept, its body sealed.
pub(super) fn stored(
    app: &SharedApp,
    source: &str,
    event: Event,
    body: &[u8],
    status: EventStatus,
    now: DateTime<Utc>,
) -> Result<StoredEvent, Failure> {
    Ok(StoredEvent {
        source: source.to_owned(),
        payload_sealed: seal(app, source, &event.event_id, body)?,
        payload_min: event,
        status,
        received_at: now,
        tries: 0,
        reason: None,
        replays: 0,
    })
}
