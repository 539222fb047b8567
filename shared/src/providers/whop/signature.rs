//! Verifies webhooks; only verified bytes are parsed.
//!
//! Whop signs in two ways. Version `v1` of its webhooks follows Standard Webhooks: `webhook-id`,
//! `webhook-timestamp` and `webhook-signature: v1,<base64>` over `{id}.{timestamp}.{body}`. Versions
//! `v2` and `v5` send `x-whop-signature: t=<unix seconds>,v1=<hex>` over `{t}.{body}`. Both are
//! HMAC-SHA256 over the raw bytes, keyed with the bytes of the whole secret.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::claim::Claim;
use crate::providers::signed::{Refused, Secret, check_age, timed};
use crate::providers::standard_webhooks::claim as standard;

/// A webhook with a valid signature. Only [`verify`] creates one.
#[derive(Debug, Clone)]
pub struct VerifiedWhopEvent {
    event_id_hint: Option<String>,
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

/// Verifies signature and age of a webhook.
///
/// If any Standard Webhooks header is present, that scheme must be valid and the legacy header is ignored. Every
/// secret is tried, so that the time does not reveal which one matches.
pub fn verify(
    headers: &HeaderMap,
    body: Bytes,
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<VerifiedWhopEvent, Refused> {
    if secrets.is_empty() {
        return Err(Refused::NoSecret);
    }
    let claim = Claim::read(headers)?;
    check_age(claim.signed_at(), now)?;
    if !claim.is_genuine(&body, secrets) {
        return Err(Refused::Mismatch);
    }
    let event_id_hint = claim.event_id().map(str::to_owned);
    Ok(VerifiedWhopEvent { event_id_hint, signed_at: claim.signed_at(), raw: body })
}

/// Returns `webhook-signature` for these contents. `id` is `webhook-id`, and the unix seconds of `signed_at` are
/// `webhook-timestamp`. The local sandbox signs with it, as Whop does.
pub fn sign_standard(id: &str, signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    standard::sign(id, signed_at, body, &secret.key())
}

/// Returns `x-whop-signature` for these contents. The local sandbox signs with it, as Whop does for `v2` and
/// `v5`.
pub fn sign_legacy(signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    timed::sign(signed_at, body, secret)
}

impl VerifiedWhopEvent {
    /// The signed `webhook-id`; the legacy scheme has none.
    pub fn event_id_hint(&self) -> Option<&str> {
        self.event_id_hint.as_deref()
    }

    pub fn signed_at(&self) -> DateTime<Utc> {
        self.signed_at
    }

    /// The signed bytes, exactly as they arrived.
    pub fn body(&self) -> &[u8] {
        &self.raw
    }
}

#[cfg(test)]
mod tests;
