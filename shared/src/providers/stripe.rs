//! Stripe: its API in [`client`], and here its webhooks.
//!
//! A webhook has the header `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]` over `{t}.{body}`:
//! HMAC-SHA256 keyed with the text of the whole secret, including `whsec_`. Unlike in Standard Webhooks nothing
//! is decoded. There are several `v1` if several secrets are active; `v0` occurs in Stripe's tests only and is
//! ignored.

pub mod account;
pub mod balance;
pub mod client;
mod error;
mod form;
pub mod line;
pub mod list;
mod meaning;
mod nullable;
mod object;
mod origin;
pub mod payment;
mod published;
pub mod refund;
pub mod transfer;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::digest::{SHA256, digest};
use serde_json::Value;

use self::balance::FetchedEvent;
use super::signed::body::{self, is_plain_id};
use super::signed::timed::{self, Claim};
use super::signed::{check_age, moment};
use crate::domain::platform::event::Event;

pub use super::signed::{Refused, Secret, Unreadable};
pub use origin::Mode;

/// A webhook with a valid signature, or an event that Stripe's API listed. Only [`verify`] and
/// [`VerifiedStripeEvent::fetched`] create one.
#[derive(Debug, Clone)]
pub struct VerifiedStripeEvent {
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

const SIGNATURE: &str = "stripe-signature";

/// The name of an event whose own name is missing or must not be stored unencrypted.
const UNNAMED: &str = "unnamed";

/// The longest name that is stored. Stripe's longest has 79 characters.
const MAX_NAME_CHARS: usize = 80;

/// Verifies signature and age of a webhook. Every secret is tried, so that the time does not reveal which one
/// matches.
pub fn verify(
    headers: &HeaderMap,
    body: Bytes,
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<VerifiedStripeEvent, Refused> {
    if secrets.is_empty() {
        return Err(Refused::NoSecret);
    }
    let claim = Claim::read(headers, SIGNATURE, decode_lower_hex)?;
    check_age(claim.signed_at, now)?;
    if !claim.is_genuine(&body, secrets.iter().map(Secret::key)) {
        return Err(Refused::Mismatch);
    }
    Ok(VerifiedStripeEvent { signed_at: claim.signed_at, raw: body })
}

/// Returns `Stripe-Signature` for these contents; used by the sandbox and tests.
pub fn sign(signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    timed::sign(signed_at, body, secret)
}

/// Parses a verified webhook for a deployment whose Stripe key has this mode.
///
/// Every signed body is an event, whatever its format. Its id identifies repeated deliveries. A name that must
/// not be stored unencrypted becomes `unnamed`; an invalid time is replaced by the signed one.
pub fn read(verified: &VerifiedStripeEvent, mode: Option<Mode>) -> Result<Event, Unreadable> {
    let root = body::parse_object(&verified.raw)?;
    let event_id = event_id(&root, &verified.raw);
    let name = event_name(&root).to_owned();
    let (company_id, meaning) = meaning::of(&name, &root, mode);
    let occurred = moment::first_sane(&[&root["created"]], verified.signed_at);
    Ok(Event { company_id, meaning, ..Event::without_meaning(event_id, name, occurred) })
}

/// Parses a stored event again: this version may understand what an earlier one did not, and the key that is now
/// configured may make an ignored event count. The body was verified on arrival.
pub fn read_again(kept: &Event, body: &[u8], mode: Option<Mode>) -> Result<Event, Unreadable> {
    let root = body::parse_object(body)?;
    let (company_id, meaning) = meaning::of(event_name(&root), &root, mode);
    Ok(Event { company_id, meaning, ..kept.clone() })
}

/// The event's id. An id that cannot be a table key, or may be an address, which must not be logged, is replaced
/// by its digest; a missing one by the digest of the body. So a repeated delivery is recognized in every case.
fn event_id(root: &Value, body: &[u8]) -> String {
    let hashed = |bytes: &[u8]| hex::encode(digest(&SHA256, bytes));
    match root["id"].as_str() {
        None | Some("") => format!("derived_{}", hashed(body)),
        Some(id) if is_plain_id(id) && !id.contains('@') => id.to_owned(),
        Some(id) => format!("sha256:{}", hashed(id.as_bytes())),
    }
}

/// The event's name. It is stored unencrypted and logged, so an address or a sentence is refused. Names of thin
/// events contain brackets: `v2.core.account[requirements].updated`.
fn event_name(root: &Value) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/[]".contains(&byte);
    let name = root["type"].as_str().unwrap_or_default();
    let is_kept = !name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(plain);
    if is_kept { name } else { UNNAMED }
}

impl VerifiedStripeEvent {
    /// An event from Stripe's API, which needs no signature; its time of fetching counts as signed time.
    pub fn fetched(event: &FetchedEvent, fetched_at: DateTime<Utc>) -> Self {
        Self { signed_at: fetched_at, raw: event.body.to_string().into() }
    }

    pub fn signed_at(&self) -> DateTime<Utc> {
        self.signed_at
    }

    /// The signed bytes, exactly as they arrived.
    pub fn body(&self) -> &[u8] {
        &self.raw
    }
}

/// Decodes lower-case hex only, as Stripe writes it, so that a signature has one spelling.
fn decode_lower_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = hex::decode(text).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(bytes)
}

#[cfg(test)]
mod tests;
