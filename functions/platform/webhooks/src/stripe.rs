//! Stripe's events: those about bookings and professionals are applied, the others only stored.

use axum::extract::State;
use http::HeaderMap;
use shared::app::SharedApp;
use shared::events::{ArrivalError, STRIPE};
use shared::http::body::RawBody;
use shared::http::rate_limit_charge::RateLimitCharge;
use shared::http::{Answer, Failure};
use shared::providers::stripe::{self, Secret};

use super::received::receipt;
use super::{count_accepted, count_failure, count_unknown_name, refuse_counted, unreadable};

pub(super) async fn receive(
    State(app): State<SharedApp>,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let secrets: Vec<Secret> =
        app.config.stripe_webhook_secrets.iter().filter_map(|secret| Secret::new(secret)).collect();
    let verified = match stripe::verify(&headers, body.0, &secrets, now) {
        Ok(verified) => verified,
        Err(refused) => return Err(refuse_counted(&app, STRIPE, refused, "STRIPE_WEBHOOK_SECRET").await),
    };
    rate_limit_charge.charge_due(&app).await?;
    count_accepted(&app, STRIPE).await;
    let event = stripe::read(&verified, app.config.stripe_mode()).map_err(unreadable)?;
    count_unknown_name(&app, STRIPE, &event).await;
    let (event_id, name) = (event.event_id.clone(), event.name.clone());
    let intake = app.intake(app.store()?);
    let received = intake.receive_stripe(&app.config.vault, event, verified.body(), now).await;
    let received = received.map_err(|error| match error {
        ArrivalError::Vault(error) => Failure::from(error),
        ArrivalError::Store(error) => Failure::from(error),
    });
    let answer = received.map(|received| receipt(STRIPE, &event_id, &name, received));
    count_failure(&app, answer).await
}
