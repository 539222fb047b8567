//! Standard Webhooks, as any source may speak it: `webhook-id`, `webhook-timestamp` and
//! `webhook-signature` over `{id}.{timestamp}.{body}`, or the same three under Svix's names, `svix-…`.
//! One family has to be complete and hold; headers of two families never make one claim.
//!
//! A signature names its algorithm, and a key belongs to one: `v1,<base64>` is HMAC-SHA256 and is held
//! against the keys of `whsec_…` only; `v1a,<base64>` is ed25519 and is held against the keys of
//! `whpk_…` only. So a public key can never be taken for a shared one.

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

/// A webhook whose signature was right. Only [`verify`] makes one.
#[derive(Debug, Clone)]
pub struct VerifiedWebhook {
    id: String,
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

/// What an event is called whose body does not say.
const UNNAMED: &str = "unnamed";

/// Checks the signature and the age of a webhook against the keys of its source.
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

/// What is told to somebody who names a source that does not exist: what a known source tells a
/// stranger, after the same work. Which sources exist is nobody's business.
pub fn refuse(headers: &HeaderMap, body: &[u8], now: DateTime<Utc>) -> Refused {
    match claim(headers, now) {
        Err(refused) => refused,
        Ok(claim) => {
            std::hint::black_box(claim.is_genuine(body, &WebhookKeys::of_nobody()));
            Refused::Mismatch
        }
    }
}

/// The headers, as far as they can be judged without a key.
fn claim(headers: &HeaderMap, now: DateTime<Utc>) -> Result<Claim<'_>, Refused> {
    let claim = Claim::read(headers)?;
    if !is_plain_id(claim.id) {
        return Err(Refused::Malformed(claim.id_header));
    }
    check_age(claim.signed_at, now)?;
    Ok(claim)
}

/// Reads what a verified webhook says: the id is the signed one, name and time stand in the body where
/// the source puts them there.
pub fn read(verified: &VerifiedWebhook) -> Result<Event, Unreadable> {
    let root = body::object(&verified.raw)?;
    let occurred = moment::first_sane(&[&root["timestamp"]], verified.signed_at);
    let name = body::name(&root).unwrap_or(UNNAMED).to_owned();
    Ok(Event::without_meaning(verified.id.clone(), name, occurred))
}

impl VerifiedWebhook {
    /// The signed id: the same for every delivery of one event.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// When the source signed this delivery.
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
