//! Whop's events: kept and applied in one transaction.

use axum::extract::State;
use http::HeaderMap;
use serde_json::json;
use shared::app::SharedApp;
use shared::events::Received;
use shared::http::allowance::Allowance;
use shared::http::body::RawBody;
use shared::http::{Answer, Failure};
use shared::providers::whop::{self, Secret};
use shared::store::inbox::{EventState, StoredEvent};

use super::{refuse, seal, unreadable};

/// The source under which Whop's events are kept.
pub(super) const WHOP: &str = "whop";

pub(super) async fn receive(
    State(app): State<SharedApp>,
    allowance: Allowance,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let secrets: Vec<Secret> =
        app.config.whop_webhook_secrets.iter().filter_map(|secret| Secret::new(secret)).collect();
    let verified = whop::verify(&headers, body.0, &secrets, now)
        .map_err(|refused| refuse(refused, "WHOP_WEBHOOK_SECRET"))?;
    allowance.charge_due(&app).await?;
    let event = whop::read(&verified).map_err(unreadable)?;
    let stored = StoredEvent {
        source: WHOP.to_owned(),
        occurred_at: event.occurred_at,
        payload_sealed: seal(&app, WHOP, &event.event_id, verified.body())?,
        payload_min: event,
        state: EventState::Pending,
        received_at: now,
        tries: 0,
        reason: None,
        replays: 0,
    };
    let (event_id, name) = (stored.payload_min.event_id.clone(), stored.payload_min.name.clone());
    let new_id = || app.ids.next();
    let received = app.intake(app.store()?, &new_id).receive(stored, now).await?;
    let outcome = match received {
        Received::Applied => "applied",
        Received::Kept => "kept",
        Received::Duplicate => "duplicate",
    };
    tracing::info!(event_id, name, outcome, "event received");
    Ok(Answer::ok(json!({"event_id": event_id, "outcome": outcome})))
}
