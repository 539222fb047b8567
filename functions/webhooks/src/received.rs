//! Events that are kept and not applied: what every source but Whop has in common.

use chrono::{DateTime, Utc};
use serde_json::json;
use shared::app::SharedApp;
use shared::domain::event::Event;
use shared::http::{Answer, Failure};
use shared::store::inbox::{EventState, StoredEvent};

use super::seal;

/// Keeps an event, in one conditional write. Of two with one id the first stays, whatever the second
/// says: a source that changes what it said sends another id.
pub(super) async fn keep(
    app: &SharedApp,
    source: &str,
    event: Event,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<Answer, Failure> {
    let stored = StoredEvent {
        source: source.to_owned(),
        occurred_at: event.occurred_at,
        payload_sealed: seal(app, source, &event.event_id, body)?,
        payload_min: event,
        state: EventState::Received,
        received_at: now,
        tries: 0,
        reason: None,
        replays: 0,
    };
    let kept = app.store()?.inbox().keep_now(&stored, None).await?;
    let outcome = if kept { "kept" } else { "duplicate" };
    let Event { event_id, name, .. } = stored.payload_min;
    tracing::info!(source, event_id, name, outcome, "event received");
    Ok(Answer::ok(json!({"event_id": event_id, "outcome": outcome})))
}
