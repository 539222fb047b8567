//! Dismisses an event that is not to be applied, with the reason.

use axum::extract::{Path, State};
use serde_json::json;
use shared::app::SharedApp;
use shared::auth::Operator;
use shared::http::body::note_field;
use shared::http::{Answer, Failure, JsonBody};
use shared::store::platform::inbox::by_hand::Dismissal;
use shared::store::platform::inbox::{EventStatus, StoredEvent};

use super::events::{Decision, IsWanted, audit, find, show};

/// The sweep and another operator may change the event at the same moment; a fifth conflict has another cause.
const TRIES: u32 = 4;

/// Dismisses an event. Of two people who do it at once the first one counts, and both get the first one's note.
pub(super) async fn dismiss(
    State(app): State<SharedApp>,
    operator: Operator,
    Path(event_id): Path<String>,
    body: JsonBody,
) -> Result<Answer, Failure> {
    let note = note_field(body.object(&["note"])?)?.to_owned();
    let store = app.store()?;
    let inbox = store.inbox();
    let dismissal = Dismissal { at: app.clock.now(), by: operator.id, note };
    let decided = store.retry_on_conflict(&app.ids, TRIES, |_| async {
        let is_dismissed = |event: &StoredEvent| event.status == EventStatus::Dismissed;
        let wanted: &[&IsWanted] = &[&StoredEvent::is_dismissible, &is_dismissed, &|_| true];
        let event = find(&inbox, &event_id, wanted).await?.ok_or(Failure::Absent)?;
        if is_dismissed(&event) {
            return Ok((Vec::new(), (event, false)));
        }
        if let Some(detail) = obstacle(&event) {
            return Err(Failure::Conflict(detail.to_owned()));
        }
        let detail = json!({"source": event.source, "was": event.status, "note": dismissal.note});
        let decision = Decision { at: dismissal.at, kind: "event.dismissed", by: &dismissal.by, detail };
        let audit = audit(&app, store, &event, decision, event.replays)?;
        let writes = [inbox.dismiss(&event, &dismissal)].into_iter().chain(audit).collect();
        Ok((writes, (event.dismissed(&dismissal), true)))
    });
    let (event, changed) = decided.await?;
    let (source, reason, by) = (event.source.as_str(), event.reason.as_deref(), &dismissal.by);
    tracing::info!(source, event_id, reason, changed, by, "event dismissed");
    Ok(Answer::ok(show(event)))
}

/// Why an event that is not dismissed yet cannot be.
fn obstacle(event: &StoredEvent) -> Option<&'static str> {
    match event.status {
        _ if event.is_dismissible() => None,
        EventStatus::Applied => Some("The event has been applied, so it cannot be dismissed."),
        EventStatus::Received => Some("The event was stored without effect, so there is nothing to dismiss."),
        _ => Some("The event is being applied for the first time. Ask again when that has failed."),
    }
}
