//! Resend's events: stored in one transaction with the suppressed addresses.

use axum::extract::State;
use http::HeaderMap;
use shared::app::SharedApp;
use shared::domain::kernel::suppression::{AddressHash, SuppressionChange};
use shared::events::Received;
use shared::http::body::RawBody;
use shared::http::rate_limit_charge::RateLimitCharge;
use shared::http::{Answer, Failure};
use shared::providers::resend::meaning::{self, MailEvent, RESEND};
use shared::providers::standard_webhooks::{self, WebhookKeys};
use shared::store::platform::inbox::EventStatus;
use shared::store::platform::suppression::MAX_ADDRESSES;

use super::received::{receipt, stored};
use super::{count_accepted, count_failure, refuse_counted, unreadable};

const SECRETS: &str = "RESEND_WEBHOOK_SECRET";

pub(super) async fn receive(
    State(app): State<SharedApp>,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: RawBody,
) -> Result<Answer, Failure> {
    let now = app.clock.now();
    let keys = WebhookKeys::parse(app.config.resend_webhook_secrets.iter().map(String::as_str))
        .map_err(|error| Failure::misconfigured(format!("{SECRETS}: an entry {error}")))?;
    let verified = match standard_webhooks::verify(&headers, body.0, &keys, now) {
        Ok(verified) => verified,
        Err(refused) => return Err(refuse_counted(&app, RESEND, refused, SECRETS).await),
    };
    rate_limit_charge.charge_due(&app).await?;
    count_accepted(&app, RESEND).await;
    let MailEvent { event, report, change, addresses } = meaning::read(&verified).map_err(unreadable)?;
    let changes = change.map(|change| changes(&app, change, &addresses)).unwrap_or_default();
    let status = if changes.is_empty() { EventStatus::Received } else { EventStatus::Applied };
    let stored = stored(&app, RESEND, event, verified.body(), status, now)?;
    let is_new = match app.store()?.record_mail_event(&stored, report, &changes, &app.ids).await {
        Ok(is_new) => is_new,
        Err(error) => return count_failure(&app, Err(error.into())).await,
    };
    if let Some(report) = report.filter(|_| is_new) {
        tracing::info!(
            mail_reports = 1,
            report,
            addresses = changes.len(),
            "Resend reported a problem with a mail"
        );
    }
    let received = match (is_new, changes.is_empty()) {
        (false, _) => Received::Duplicate,
        (true, true) => Received::Kept,
        (true, false) => Received::Applied,
    };
    Ok(receipt(RESEND, &stored.payload_min.event_id, &stored.payload_min.name, received))
}

/// Deduplicates the addresses, because a transaction must not write a row twice.
fn changes(
    app: &SharedApp,
    change: SuppressionChange,
    addresses: &[String],
) -> Vec<(AddressHash, SuppressionChange)> {
    let mut changes: Vec<(AddressHash, SuppressionChange)> = Vec::new();
    for address in addresses.iter().take(MAX_ADDRESSES) {
        let hash = app.config.vault.hash_address(address);
        if hash.newest().is_some() && !changes.iter().any(|(known, _)| *known == hash) {
            changes.push((hash, change));
        }
    }
    changes
}
