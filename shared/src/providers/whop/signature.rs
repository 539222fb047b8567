//! The only way from bytes off the wire to something worth reading.
//!
//! Whop signs in two ways. Version `v1` of its webhooks follows Standard Webhooks: `webhook-id`,
//! `webhook-timestamp` and `webhook-signature: v1,<base64>` over `{id}.{timestamp}.{body}`. Versions
//! `v2` and `v5` send `x-whop-signature: t=<unix seconds>,v1=<hex>` over `{t}.{body}`. Both are
//! HMAC-SHA256 over the raw bytes, keyed with the bytes of the whole secret.
//!
//! | what is wrong | refused as |
//! | --- | --- |
//! | nobody configured a secret | [`Refused::NoSecret`] |
//! | a header is not there | [`Refused::Missing`] |
//! | a header is not plain ASCII, or too long | [`Refused::Illegible`] |
//! | a header is there twice, or is not of its form | [`Refused::Malformed`] |
//! | signed more than 300 s ago, or ahead | [`Refused::Stale`], [`Refused::Early`] |
//! | no signature is right | [`Refused::Mismatch`] |

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::claim::{self, Claim};
use super::secret::Secret;

/// A webhook whose signature was right. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct Verified {
    event_id_hint: Option<String>,
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

/// Why a webhook was turned away. It quotes nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No secret is configured, so the door stays shut.
    #[error("no webhook secret is configured")]
    NoSecret,
    /// A header of the scheme is not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is not plain ASCII, or longer than any real one.
    #[error("the header {0} is not readable")]
    Illegible(&'static str),
    /// A header is there twice, or is not of its scheme's form.
    #[error("the header {0} is malformed")]
    Malformed(&'static str),
    /// Signed too long ago: a replay, or a very late delivery.
    #[error("the webhook was signed more than {TOLERANCE_S} s ago")]
    Stale,
    /// Signed ahead of our clock.
    #[error("the webhook was signed more than {TOLERANCE_S} s ahead")]
    Early,
    /// No signature was made with one of our secrets over these very bytes.
    #[error("no signature matches")]
    Mismatch,
}

/// Whop's own limit, and that of Standard Webhooks, in both directions.
const TOLERANCE_S: i64 = 300;

/// Checks the signature and the age of a webhook.
///
/// Where any Standard Webhooks header is present, that scheme has to hold; the legacy header beside
/// it is not asked. Every secret is tried, so that timing does not tell which one is in use.
pub fn verify(
    headers: &HeaderMap,
    body: Bytes,
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<Verified, Refused> {
    if secrets.is_empty() {
        return Err(Refused::NoSecret);
    }
    let claim = Claim::read(headers)?;
    match now.timestamp() - claim.signed_at.timestamp() {
        age_s if age_s > TOLERANCE_S => return Err(Refused::Stale),
        age_s if age_s < -TOLERANCE_S => return Err(Refused::Early),
        _ => {}
    }
    if !claim.is_genuine(&body, secrets) {
        return Err(Refused::Mismatch);
    }
    Ok(Verified { event_id_hint: claim.event_id, signed_at: claim.signed_at, raw: body })
}

/// The value of `webhook-signature` for these contents. `webhook-id` is `id`, `webhook-timestamp` the
/// unix seconds of `signed_at`. The local stand-in for Whop signs with it, just as Whop does.
pub fn sign_standard(id: &str, signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    let prefix = claim::standard_prefix(id, &signed_at.timestamp().to_string());
    format!("v1,{}", STANDARD.encode(claim::tag(&secret.key(), &prefix, body)))
}

/// The value of `x-whop-signature` for these contents. The local stand-in for Whop signs with it, just
/// as Whop does for its `v2` and `v5` webhooks.
pub fn sign_legacy(signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    let timestamp = signed_at.timestamp().to_string();
    let tag = claim::tag(&secret.key(), &claim::legacy_prefix(&timestamp), body);
    format!("t={timestamp},v1={}", hex::encode(tag))
}

impl Verified {
    /// The signed `webhook-id`; the legacy scheme has none.
    pub fn event_id_hint(&self) -> Option<&str> {
        self.event_id_hint.as_deref()
    }

    /// When the provider signed this delivery.
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
