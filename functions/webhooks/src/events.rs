//! Events that were set aside: what they are, and having them applied again.

use axum::extract::{Path, State};
use serde_json::{Value, json};
use shared::app::SharedApp;
use shared::auth::Scheduler;
use shared::domain::time;
use shared::http::query::{Parameters, cursor};
use shared::http::{Answer, Failure};
use shared::store::inbox::{EventPlace, EventState, StoredEvent};

use super::whop::WHOP;

pub(super) async fn list(
    State(app): State<SharedApp>,
    _operator: Scheduler,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let parameters = parameters.only(&["limit", "cursor"])?;
    let after = parameters.cursor(EventPlace::parse)?;
    let (events, next) = app.store()?.inbox().set_aside(parameters.limit()?, after.as_ref()).await?;
    let data: Vec<Value> = events.iter().map(show).collect();
    Ok(Answer::ok(json!({"data": data, "next_cursor": next.as_ref().map(cursor)})))
}

/// Takes the event up again and applies it at once where that can be done. Only Whop's events are
/// applied at all, so those of other sources are none to replay.
pub(super) async fn replay(
    State(app): State<SharedApp>,
    _operator: Scheduler,
    Path(event_id): Path<String>,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let store = app.store()?;
    let event = store.inbox().event(WHOP, &event_id).await?.ok_or(Failure::Absent)?;
    if !store.inbox().replay(&event, now).await? {
        return Err(Failure::Conflict("Only an event that was set aside can be replayed.".to_owned()));
    }
    let taken_up = store.inbox().event(WHOP, &event_id).await?.ok_or(Failure::Absent)?;
    let new_id = || app.ids.next();
    let applied = app.intake(store, &new_id).apply_kept(&taken_up, now).await?;
    tracing::info!(event_id, ?applied, replays = taken_up.replays, "event replayed");
    let stands = store.inbox().event(WHOP, &event_id).await?.ok_or(Failure::Absent)?;
    Ok(Answer::ok(show(&stands)))
}

fn show(event: &StoredEvent) -> Value {
    let state = match event.state {
        EventState::Pending => "pending",
        EventState::Applied => "applied",
        EventState::SetAside => "set_aside",
        EventState::Received => "received",
    };
    json!({
        "event_id": event.payload_min.event_id,
        "source": event.source,
        "name": event.payload_min.name,
        "company_id": event.payload_min.company_id,
        "membership_id": event.payload_min.membership_id,
        "payment_id": event.payload_min.payment_id,
        "state": state,
        "reason": event.reason,
        "tries": event.tries,
        "replays": event.replays,
        "occurred_at": time::write(event.occurred_at),
        "received_at": time::write(event.received_at),
    })
}
