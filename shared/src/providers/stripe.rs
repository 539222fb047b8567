//! Stripe: its API in [`client`], and here its webhooks.
//!
//! A webhook bears `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]` over `{t}.{body}`, HMAC-SHA256
//! keyed with the text of the whole secret, its `whsec_` included: unlike in Standard Webhooks, nothing
//! is decoded. Several `v1` are several active secrets; `v0` is of Stripe's tests and counts nothing.

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

/// A webhook whose signature was right, or an event that Stripe itself listed. Only [`verify`] and
/// [`VerifiedStripeEvent::fetched`] make one.
#[derive(Debug, Clone)]
pub struct VerifiedStripeEvent {
    signed_at: DateTime<Utc>,
    raw: Bytes,
}

const SIGNATURE: &str = "stripe-signature";

/// The name of an event whose own is missing or cannot be kept in clear.
const UNNAMED: &str = "unnamed";

/// The longest name that is kept. Stripe's longest has 79 characters.
const MAX_NAME_CHARS: usize = 80;

/// Checks the signature and the age of a webhook. Every secret is tried, so that timing does not tell
/// which one is in use.
pub fn verify(
    headers: &HeaderMap,
    body: Bytes,
    secrets: &[Secret],
    now: DateTime<Utc>,
) -> Result<VerifiedStripeEvent, Refused> {
    if secrets.is_empty() {
        return Err(Refused::NoSecret);
    }
    let claim = Claim::read(headers, SIGNATURE, small_hex)?;
    check_age(claim.signed_at, now)?;
    if !claim.is_genuine(&body, secrets.iter().map(Secret::key)) {
        return Err(Refused::Mismatch);
    }
    Ok(VerifiedStripeEvent { signed_at: claim.signed_at, raw: body })
}

/// The value of `Stripe-Signature` for these contents. Stand-ins and tests deliver with it.
pub fn sign(signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    timed::sign(signed_at, body, secret)
}

/// Reads what a verified webhook says, for a deployment whose key is of this mode.
///
/// What is signed is an event, whatever its format. Its id is that by which a second delivery is recognised.
/// A name that cannot be kept in clear becomes `unnamed`; a time that cannot be read is the signed one.
pub fn read(verified: &VerifiedStripeEvent, mode: Option<Mode>) -> Result<Event, Unreadable> {
    let root = body::object(&verified.raw)?;
    let event_id = event_id(&root, &verified.raw);
    let name = event_name(&root).to_owned();
    let (company_id, meaning) = meaning::of(&name, &root, mode);
    let occurred = moment::first_sane(&[&root["created"]], verified.signed_at);
    Ok(Event { company_id, meaning, ..Event::without_meaning(event_id, name, occurred) })
}

/// Reads a kept event once more: what an earlier version could not read, this one may, and what was ignored may
/// count under the key that is configured now. The body is the one that was verified when it came.
pub fn read_again(kept: &Event, body: &[u8], mode: Option<Mode>) -> Result<Event, Unreadable> {
    let root = body::object(body)?;
    let (company_id, meaning) = meaning::of(event_name(&root), &root, mode);
    Ok(Event { company_id, meaning, ..kept.clone() })
}

/// The event's id. One that cannot be a key of a row, because of its length or its characters, or that looks like an
/// address, which must not be logged, is replaced by its digest, and where there is none the digest of the body stands
/// in: a second delivery is recognised all the same.
fn event_id(root: &Value, body: &[u8]) -> String {
    let hashed = |bytes: &[u8]| hex::encode(digest(&SHA256, bytes));
    match root["id"].as_str() {
        None | Some("") => format!("derived_{}", hashed(body)),
        Some(id) if is_plain_id(id) && !id.contains('@') => id.to_owned(),
        Some(id) => format!("sha256:{}", hashed(id.as_bytes())),
    }
}

/// The event's name. It is kept in clear and logged, so an address or a sentence is none. The names of thin events
/// have brackets: `v2.core.account[requirements].updated`.
fn event_name(root: &Value) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/[]".contains(&byte);
    let name = root["type"].as_str().unwrap_or_default();
    let is_kept = !name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(plain);
    if is_kept { name } else { UNNAMED }
}

impl VerifiedStripeEvent {
    /// An event that Stripe listed when it was asked. It came from Stripe's own API, so that it needs no
    /// signature; it counts as signed when it was fetched.
    pub fn fetched(event: &FetchedEvent, fetched_at: DateTime<Utc>) -> Self {
        Self { signed_at: fetched_at, raw: event.body.to_string().into() }
    }

    /// When Stripe signed this delivery.
    pub fn signed_at(&self) -> DateTime<Utc> {
        self.signed_at
    }

    /// The signed bytes, exactly as they arrived.
    pub fn body(&self) -> &[u8] {
        &self.raw
    }
}

/// Stripe writes small letters; a second spelling of one signature would only be somebody else's.
fn small_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = hex::decode(text).ok()?;
    (!text.bytes().any(|byte| byte.is_ascii_uppercase())).then_some(bytes)
}

#[cfg(test)]
mod tests;
