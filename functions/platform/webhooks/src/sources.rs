//! Events of any other source of Standard Webhooks.

use axum::extract::{Path, State};
use http::HeaderMap;
use shared::app::SharedApp;
use shared::http::body::RawBody;
use shared::http::rate_limit_charge::RateLimitCharge;
use shared::http::{Answer, Failure};
use shared::providers::standard_webhooks::{self, WebhookKeys};

use super::received::store;
use super::{count_accepted, count_failure, refuse, refuse_counted, unreadable};

const SECRETS: &str = "WEBHOOK_SECRETS";

pub(super) async fn receive(
    State(app): State<SharedApp>,
    Path(source): Path<String>,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let Some(keys) = keys(&app, &source)? else {
        let refused = standard_webhooks::refuse(&headers, &body.0, now);
        return Err(refuse(refused, SECRETS));
    };
    let verified = match standard_webhooks::verify(&headers, body.0, &keys, now) {
        Ok(verified) => verified,
        Err(refused) => return Err(refuse_counted(&app, &source, refused, SECRETS).await),
    };
    rate_limit_charge.charge_due(&app).await?;
    count_accepted(&app, &source).await;
    let event = standard_webhooks::read(&verified).map_err(unreadable)?;
    count_failure(&app, store(&app, &source, event, verified.body(), now).await).await
}

/// The keys of a source; `None` if it is not configured.
fn keys(app: &SharedApp, source: &str) -> Result<Option<WebhookKeys>, Failure> {
    let own = app.config.webhook_secrets.iter().filter(|(known, _)| known == source);
    let secrets: Vec<&str> = own.map(|(_, secret)| secret.as_str()).collect();
    if secrets.is_empty() {
        return Ok(None);
    }
    let keys = WebhookKeys::parse(secrets);
    keys.map(Some).map_err(|error| Failure::misconfigured(format!("{SECRETS}: an entry of {source} {error}")))
}
