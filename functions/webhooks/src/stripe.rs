//! Stripe's events: what is about bookings and professionals is applied, the rest is only kept.

use axum::extract::State;
use http::HeaderMap;
use shared::app::SharedApp;
use shared::domain::event::Meaning;
use shared::http::allowance::Allowance;
use shared::http::body::RawBody;
use shared::http::{Answer, Failure};
use shared::providers::stripe::{self, Secret};

use super::received::{apply, keep};
use super::{refuse, unreadable};

/// The source under which Stripe's events are kept.
pub(super) const STRIPE: &str = "stripe";

pub(super) async fn receive(
    State(app): State<SharedApp>,
    allowance: Allowance,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let secrets: Vec<Secret> =
        app.config.stripe_webhook_secrets.iter().filter_map(|secret| Secret::new(secret)).collect();
    let verified = stripe::verify(&headers, body.0, &secrets, now)
        .map_err(|refused| refuse(refused, "STRIPE_WEBHOOK_SECRET"))?;
    allowance.charge_due(&app).await?;
    let event = stripe::read(&verified).map_err(unreadable)?;
    if event.meaning == Meaning::Nothing {
        return keep(&app, STRIPE, event, verified.body(), now).await;
    }
    apply(&app, STRIPE, event, verified.body(), now).await
}
