//! Receives the providers' webhooks.
//!
//! - **Called by** Whop, Stripe, Resend and any source of Standard Webhooks; by an operator who handles events
//!   that were not applied.
//! - **Reads** the raw bytes, which are verified before they are parsed; the membership, booking or professional
//!   of an event.
//! - **Counts** accepted and refused deliveries of each known source, and events of unknown names, for the health check: in memory, written once a
//!   minute at most.
//! - **Writes** an event and all its consequences in one transaction; or the event alone, for the sweep, if it
//!   cannot be applied yet. Events without consequences are only stored: those of other sources, and Stripe's
//!   about no booking and no professional.
//! - **Answers** 2xx only after the event is stored; 401 to every request without a valid signature, whether or
//!   not the source exists. Only validly signed requests count against a source's limit, so that a stranger
//!   cannot use it up.
//! - **Twice:** the second delivery finds the first and changes nothing; so does a second dismissal.

mod dismissal;
mod events;
mod received;
mod resend;
mod sources;
mod stripe;
mod whop;

use axum::Router;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;
use shared::domain::platform::event::{Event, IgnoreReason, Meaning};
use shared::domain::platform::objective::{Kept, Objective};
use shared::events::sealed_for;
use shared::http::failure::UNSIGNED;
use shared::http::{Answer, Failure};
use shared::objectives;
use shared::providers::signed::{Refused, Unreadable};
use shared::store::platform::inbox::StoredEvent;
use shared::webhook_counts::Delivery;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("webhooks")
        .on(Method::POST, "/api/webhooks/whop", whop::receive)
        .on(Method::POST, "/api/webhooks/stripe", stripe::receive)
        .on(Method::POST, "/api/webhooks/resend", resend::receive)
        .on(Method::POST, "/api/webhooks/{source}", sources::receive)
        .on(Method::GET, "/api/webhooks/events", events::list)
        .on(Method::POST, "/api/webhooks/events/{event_id}/replay", events::replay)
        .on(Method::POST, "/api/webhooks/events/{event_id}/dismiss", dismissal::dismiss)
        .into_router(app)
}

/// Encrypts the raw body, which may name people; without a key the event is refused, because it is never stored
/// in plain text.
fn seal(app: &SharedApp, source: &str, event_id: &str, body: &[u8]) -> Result<String, Failure> {
    app.config.vault.seal(&sealed_for(source, event_id), body).map_err(Failure::from)
}

/// Decrypts the raw body of a stored event.
fn unseal(app: &SharedApp, event: &StoredEvent) -> Result<Vec<u8>, Failure> {
    let place = sealed_for(&event.source, &event.payload_min.event_id);
    let body = app.config.vault.open(&place, &event.payload_sealed);
    body.map_err(Failure::from)
}

/// Without a configured secret the answer is 401, not 503, so that a stranger cannot trigger our error alarm. A
/// provider delivers again for days, and the health check names what is missing.
fn no_secret(variable: &str) -> Failure {
    tracing::warn!(missing = variable, "a webhook secret is not configured");
    Failure::Unauthorized("No webhook secret is configured for this source.")
}

/// Counts a delivery with a valid signature.
async fn count_accepted(app: &SharedApp, source: &str) {
    if let Ok(store) = app.store() {
        app.webhook_counts.count(store, source, Delivery::Accepted, app.clock.now()).await;
    }
}

/// Counts an event whose name this version does not know. It is stored without effect; the check of an operator shows
/// its name.
async fn count_unknown_name(app: &SharedApp, source: &str, event: &Event) {
    let is_unknown = matches!(event.meaning, Meaning::Ignored { reason: IgnoreReason::UnknownName });
    if is_unknown && let Ok(store) = app.store() {
        app.webhook_counts.count(store, source, Delivery::UnknownName(&event.name), app.clock.now()).await;
    }
}

/// Counts a delivery that was signed and not stored: the provider sends it again.
async fn count_failure(app: &SharedApp, answer: Result<Answer, Failure>) -> Result<Answer, Failure> {
    if let (Err(failure), Ok(store)) = (&answer, app.store())
        && failure.status().is_server_error()
    {
        let lost = [(Objective::WebhooksStored, Kept::one(false))].into();
        objectives::save(store, &lost, app.clock.now()).await;
    }
    answer
}

/// Counts a refused delivery and maps the refusal. A request without a signature is no delivery of a provider, and where
/// no secret is configured the health check says so.
async fn refuse_counted(app: &SharedApp, source: &str, refused: Refused, variable: &str) -> Failure {
    if !matches!(refused, Refused::NoSecret | Refused::Missing(_))
        && let Ok(store) = app.store()
    {
        app.webhook_counts.count(store, source, Delivery::Refused, app.clock.now()).await;
    }
    refuse(refused, variable)
}

/// Maps a refused signature; `variable` is the environment variable of the secrets.
fn refuse(refused: Refused, variable: &str) -> Failure {
    match refused {
        Refused::NoSecret => no_secret(variable),
        Refused::Missing(_) => Failure::Unauthorized(UNSIGNED),
        Refused::Illegible(_) => Failure::Unauthorized("A signature header cannot be read."),
        Refused::Malformed(_) => Failure::Unauthorized("A signature header is malformed."),
        Refused::Stale | Refused::Early => {
            Failure::Unauthorized("The signature is not of the last five minutes.")
        }
        Refused::Mismatch => Failure::Unauthorized("The signature does not match the body."),
    }
}

fn unreadable(error: Unreadable) -> Failure {
    Failure::invalid(format!("The event cannot be read: {error}."))
}
