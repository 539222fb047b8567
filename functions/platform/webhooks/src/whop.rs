//! Whop's events: stored and applied in one transaction.

use axum::extract::State;
use http::HeaderMap;
use shared::app::SharedApp;
use shared::http::body::RawBody;
use shared::http::rate_limit_charge::RateLimitCharge;
use shared::http::{Answer, Failure};
use shared::providers::whop::{self, Secret};

use super::received::apply;
use super::{count_accepted, count_failure, count_unknown_name, refuse_counted, unreadable};

/// The source name of stored Whop events.
pub(super) const WHOP: &str = "whop";

pub(super) async fn receive(
    State(app): State<SharedApp>,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let secrets: Vec<Secret> =
        app.config.whop_webhook_secrets.iter().filter_map(|secret| Secret::new(secret)).collect();
    let verified = match whop::verify(&headers, body.0, &secrets, now) {
        Ok(verified) => verified,
        Err(refused) => return Err(refuse_counted(&app, WHOP, refused, "WHOP_WEBHOOK_SECRET").await),
    };
    rate_limit_charge.charge_due(&app).await?;
    count_accepted(&app, WHOP).await;
    let event = whop::read(&verified).map_err(unreadable)?;
    count_unknown_name(&app, WHOP, &event).await;
    count_failure(&app, apply(&app, WHOP, event, verified.body(), now).await).await
}
