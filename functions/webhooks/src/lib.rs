//! The door for providers' events.
//!
//! - **Called by** Whop; by an operator who looks after events that were set aside.
//! - **Reads** the raw bytes, verified before they are read; the membership they are about.
//! - **Writes** the event and everything that follows from it in one transaction; or, when that cannot
//!   be done now, the event alone, for the sweep.
//! - **Answers** 2xx only once the event is kept; 401 to anything unsigned.
//! - **Twice:** the second delivery finds the first and changes nothing.

mod events;

use axum::Router;
use axum::extract::State;
use http::{HeaderMap, Method};
use serde_json::json;
use shared::app::SharedApp;
use shared::auth::Routes;
use shared::events::Received;
use shared::http::body::RawBody;
use shared::http::{Answer, Failure};
use shared::providers::whop::{self, Refused, Secret, Verified};
use shared::store::inbox::{EventState, StoredEvent};

/// The source under which Whop's events are kept.
pub(crate) const WHOP: &str = "whop";

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("webhooks")
        .on(Method::POST, "/api/webhooks/whop", receive)
        .on(Method::GET, "/api/webhooks/events", events::list)
        .on(Method::POST, "/api/webhooks/events/{event_id}/replay", events::replay)
        .guard(app)
}

async fn receive(State(app): State<SharedApp>, headers: HeaderMap, body: RawBody) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let secrets: Vec<Secret> =
        app.config.whop_webhook_secrets.iter().filter_map(|secret| Secret::new(secret)).collect();
    let verified = whop::verify(&headers, body.0, &secrets, now).map_err(refuse)?;
    let event = whop::read(&verified)
        .map_err(|error| Failure::invalid(format!("The event cannot be read: {error}.")))?;
    let stored = StoredEvent {
        source: WHOP.to_owned(),
        occurred_at: event.occurred_at,
        payload_sealed: seal(&app, &event.event_id, &verified)?,
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

/// The raw body may name people, so it is kept sealed; without a key the door stays shut, because
/// keeping it in clear is not a choice.
fn seal(app: &SharedApp, event_id: &str, verified: &Verified) -> Result<String, Failure> {
    let place = format!("event:{WHOP}:{event_id}");
    app.config.vault.seal(&place, verified.body()).map_err(|error| Failure::Unavailable {
        detail: "This door is not configured.",
        reason: error.to_string(),
    })
}

fn refuse(refused: Refused) -> Failure {
    match refused {
        Refused::NoSecret => Failure::Unavailable {
            detail: "This door is not configured.",
            reason: "WHOP_WEBHOOK_SECRET is not set".to_owned(),
        },
        Refused::Missing(_) => Failure::Unproven("A signature header is missing."),
        Refused::Illegible(_) => Failure::Unproven("A signature header cannot be read."),
        Refused::Malformed(_) => Failure::Unproven("A signature header is malformed."),
        Refused::Stale | Refused::Early => {
            Failure::Unproven("The signature is not of the last five minutes.")
        }
        Refused::Mismatch => Failure::Unproven("The signature does not fit the body."),
    }
}
