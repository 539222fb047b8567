//! What every signature of a webhook has in common, whoever made it: a time that must be near, tags
//! that are compared in constant time, headers that are there once, and a body that is a JSON object.
//!
//! | what is wrong | refused as |
//! | --- | --- |
//! | nobody configured a secret | [`Refused::NoSecret`] |
//! | a header is not there | [`Refused::Missing`] |
//! | a header is not plain ASCII, or too long | [`Refused::Illegible`] |
//! | a header is there twice, or is not of its form | [`Refused::Malformed`] |
//! | signed more than 300 s ago, or ahead | [`Refused::Stale`], [`Refused::Early`] |
//! | no signature is right | [`Refused::Mismatch`] |

pub(super) mod body;
pub(super) mod moment;
mod secret;
pub(super) mod timed;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

pub use body::Unreadable;
pub use secret::Secret;

/// Why a webhook was turned away. It quotes nothing of the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No secret is configured, so no signature can be verified.
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

/// The limit of Whop, of Stripe and of Standard Webhooks. Stripe's own library lets the future pass;
/// here it holds in both directions, because whoever signs ahead keeps a delivery for later.
const TOLERANCE_S: i64 = 300;

/// Room for sixteen signatures of every kind there is; beyond it somebody is trying something.
const MAX_HEADER_BYTES: usize = 4096;
/// A provider rotating its key sends two.
const MAX_SIGNATURES: usize = 16;
/// Unix seconds up to the year 33658.
const MAX_TIMESTAMP_DIGITS: usize = 12;

/// Refuses what was not signed just now.
pub(super) fn check_age(signed_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refused> {
    match now.timestamp() - signed_at.timestamp() {
        age_s if age_s > TOLERANCE_S => Err(Refused::Stale),
        age_s if age_s < -TOLERANCE_S => Err(Refused::Early),
        _ => Ok(()),
    }
}

/// Whether one of the signatures was made with one of the keys.
///
/// Nothing ends early, so that the time taken tells neither which key nor which signature was right.
/// The body is hashed once per key; the comparison is `ring`'s constant-time one over the HMACs of both
/// tags, which are equal only where the tags are.
pub(super) fn is_genuine(
    keys: impl Iterator<Item = hmac::Key>,
    prefix: &str,
    body: &[u8],
    signatures: &[[u8; 32]],
) -> bool {
    let mut genuine = false;
    for key in keys {
        let blinded = hmac::sign(&key, tag(&key, prefix, body).as_ref());
        for signature in signatures {
            genuine |= hmac::verify(&key, signature, blinded.as_ref()).is_ok();
        }
    }
    genuine
}

/// The HMAC over the prefix and the body, without copying the body.
pub(super) fn tag(key: &hmac::Key, prefix: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(prefix.as_bytes());
    context.update(body);
    context.sign()
}

/// The one value of a header: two lines of one name are how a proxy is made to see another one than we do.
pub(super) fn sole<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Refused> {
    let mut lines = headers.get_all(name).iter();
    let value = lines.next().ok_or(Refused::Missing(name))?;
    if lines.next().is_some() {
        return Err(Refused::Malformed(name));
    }
    if value.len() > MAX_HEADER_BYTES {
        return Err(Refused::Illegible(name));
    }
    value.to_str().map_err(|_| Refused::Illegible(name))
}

/// Digits only: `parse` alone would take a sign, and two spellings of one time.
pub(super) fn instant(text: &str) -> Option<DateTime<Utc>> {
    if text.len() > MAX_TIMESTAMP_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    DateTime::from_timestamp(text.parse().ok()?, 0)
}

/// The signatures offered, taken apart into version and text; what has no version is none.
/// `None` where there are more than anyone needs.
pub(super) fn versioned<'h>(
    offered: impl Iterator<Item = &'h str>,
    separator: char,
) -> Option<Vec<(&'h str, &'h str)>> {
    let offered: Vec<&str> = offered.take(MAX_SIGNATURES + 1).collect();
    (offered.len() <= MAX_SIGNATURES)
        .then(|| offered.into_iter().filter_map(|part| part.split_once(separator)).collect())
}

/// The readable signatures of one version; other versions are other algorithms, and a broken one beside
/// a good one does no harm.
pub(super) fn of_version<const BYTES: usize>(
    offered: &[(&str, &str)],
    version: &str,
    decode: impl Fn(&str) -> Option<Vec<u8>>,
) -> Vec<[u8; BYTES]> {
    let own = offered.iter().filter(|(named, _)| *named == version);
    own.filter_map(|(_, text)| decode(text)?.try_into().ok()).collect()
}
