//! Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` over `{id}.{timestamp}.{body}`,
//! or the same three headers with Svix's names, `svix-…`. One family of headers must be complete; they are never
//! mixed.
//!
//! Signatures name their algorithm, and each key belongs to one: `v1,<base64>` is HMAC-SHA256 and verified with
//! `whsec_…` keys only; `v1a,<base64>` is ed25519 and verified with `whpk_…` keys only. So a public key can never
//! be used as a shared secret.

pub(super) mod claim;
pub(super) mod key;
mod signing;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::signed::body::{self, is_plain_id};
use super::signed::{check_age, moment};
use crate::domain::platform::event::Event;
use claim::Claim;

pub use super::signed::{Refused, Unreadable};
pub use key::{BadKey, WebhookKeys};
pub use signing::SigningKey;

/// A webhook with a valid signature. Only [`verify`] creates one.
#[derive(Debug, Clone)]
pub struct VerifiedWebhook {
    id: String,
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

/// The name of an event whose body has none.
const UNNAMED: &str = "unnamed";

/// Verifies signature and age of a webhook with the keys of its source.
pub fn verify(
    headers: &HeaderMap,
    body: Bytes,
    keys: &WebhookKeys,
    now: DateTime<Utc>,
) -> Result<VerifiedWebhook, Refused> {
    if keys.is_empty() {
        return Err(Refused::NoSecret);
    }
    let claim = claim(headers, now)?;
    if !claim.is_genuine(&body, keys) {
        return Err(Refused::Mismatch);
    }
    Ok(VerifiedWebhook { id: claim.id.to_owned(), signed_at: claim.signed_at, raw: body })
}

/// The refusal for an unknown source: the same answer, after the same work, as for a known source without a valid
/// signature, so that strangers cannot find out which sources exist.
pub fn refuse(headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Refused {
    match claim(headers, now) {
        Err(refused) => refused,
        Ok(claim) => {
            std::hint::black_box(claim.is_genuine(body, &WebhookKeys::dummy()));
            Refused::Mismatch
        }
    }
}

/// Parses the headers and checks everything that needs no key.
fn claim(headers: &HeaderMap, now: DateTime<Utc>) -> Result<Claim<'_>, Refused> {
    let claim = Claim::read(headers)?;
    if !is_plain_id(claim.id) {
        return Err(Refused::Malformed(claim.id_header));
    }
    check_age(claim.signed_at, now)?;
    Ok(claim)
}

/// Parses a verified webhook: the id is the signed one; name and time come from the body if they are there.
pub fn read(verified: &VerifiedWebhook) -> Result<Event, Unreadable> {
    let root = body::parse_object(&verified.raw)?;
    let occurred = moment::first_sane(&[&root["timestamp"]], verified.signed_at);
    let name = body::name(&root).unwrap_or(UNNAMED).to_owned();
    Ok(Event::without_meaning(verified.id.clone(), name, occurred))
}

impl VerifiedWebhook {
    /// The signed id: the same for every delivery of one event.
    pub fn id(&self) -> &str {
        &self.id
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
