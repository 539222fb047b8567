//! Common checks of all webhook signatures: the time must be recent, signatures are compared in constant time,
//! headers must occur once, and the body must be a JSON object.
//!
//! | error | refused as |
//! | --- | --- |
//! | no secret is configured | [`Refused::NoSecret`] |
//! | a header is missing | [`Refused::Missing`] |
//! | a header is not plain ASCII, or too long | [`Refused::Illegible`] |
//! | a header is repeated or has an invalid form | [`Refused::Malformed`] |
//! | signed more than 300 s in the past, or in the future | [`Refused::Stale`], [`Refused::Early`] |
//! | no signature is valid | [`Refused::Mismatch`] |

pub(super) mod body;
pub(super) mod moment;
mod secret;
pub(super) mod timed;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

pub use body::Unreadable;
pub use secret::Secret;

/// Why a webhook was refused. The error does not quote the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("no webhook secret is configured")]
    NoSecret,
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is not plain ASCII, or longer than any valid one.
    #[error("the header {0} is not readable")]
    Illegible(&'static str),
    /// A header is repeated or has an invalid form.
    #[error("the header {0} is malformed")]
    Malformed(&'static str),
    /// Signed too long ago: a replay or a very late delivery.
    #[error("the webhook was signed more than {TOLERANCE_S} s ago")]
    Stale,
    #[error("the webhook was signed more than {TOLERANCE_S} s ahead")]
    Early,
    /// No signature was made with one of our secrets over exactly these bytes.
    #[error("no signature matches")]
    Mismatch,
}

/// The limit of Whop, Stripe and Standard Webhooks. Stripe's library accepts any time in the future; here the
/// limit holds in both directions, because a delivery signed for the future could be replayed later.
const TOLERANCE_S: i64 = 300;

/// Enough for sixteen signatures of every kind; longer headers are an attack.
const MAX_HEADER_BYTES: usize = 4096;
/// A provider that rotates its key sends two.
const MAX_SIGNATURES: usize = 16;
/// Unix seconds up to the year 33658.
const MAX_TIMESTAMP_DIGITS: usize = 12;

/// Refuses a webhook that was not signed within the tolerance.
pub(super) fn check_age(signed_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refused> {
    match now.timestamp() - signed_at.timestamp() {
        age_s if age_s > TOLERANCE_S => Err(Refused::Stale),
        age_s if age_s < -TOLERANCE_S => Err(Refused::Early),
        _ => Ok(()),
    }
}

/// Whether one of the signatures was made with one of the keys.
///
/// All combinations are checked, so that the time reveals neither the key nor the signature that matched. The
/// body is hashed once per key; `ring` compares the HMACs of both tags in constant time, which are equal only if
/// the tags are.
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

/// Computes the HMAC over prefix and body without copying the body.
pub(super) fn tag(key: &hmac::Key, prefix: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(prefix.as_bytes());
    context.update(body);
    context.sign()
}

/// The single value of a header: with repeated headers a proxy could see another value than we do.
pub(super) fn single_header<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Refused> {
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

/// Parses unix seconds, digits only: `parse` alone would also accept a sign, and so two spellings of one time.
pub(super) fn parse_unix_seconds(text: &str) -> Option<DateTime<Utc>> {
    if text.len() > MAX_TIMESTAMP_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    DateTime::from_timestamp(text.parse().ok()?, 0)
}

/// Splits the signatures into version and text; one without a version is skipped. `None` if there are more than
/// [`MAX_SIGNATURES`].
pub(super) fn versioned<'h>(
    offered: impl Iterator<Item = &'h str>,
    separator: char,
) -> Option<Vec<(&'h str, &'h str)>> {
    let offered: Vec<&str> = offered.take(MAX_SIGNATURES + 1).collect();
    (offered.len() <= MAX_SIGNATURES)
        .then(|| offered.into_iter().filter_map(|part| part.split_once(separator)).collect())
}

/// The decodable signatures of one version. Other versions use other algorithms, and a broken signature beside a
/// valid one is harmless.
pub(super) fn of_version<const BYTES: usize>(
    offered: &[(&str, &str)],
    version: &str,
    decode: impl Fn(&str) -> Option<Vec<u8>>,
) -> Vec<[u8; BYTES]> {
    let own = offered.iter().filter(|(named, _)| *named == version);
    own.filter_map(|(_, text)| decode(text)?.try_into().ok()).collect()
}
