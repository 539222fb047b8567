//! What the headers of a webhook claim: who signed what, and when. Nothing of it is believed yet.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use super::secret::Secret;
use super::signature::Refused;

/// The headers of either scheme, read.
pub(super) struct Claim {
    /// The signed id of Standard Webhooks.
    pub(super) event_id: Option<String>,
    /// When it says it was signed.
    pub(super) signed_at: DateTime<Utc>,
    /// What was signed in front of the body.
    prefix: String,
    /// The signatures offered, of which one has to be right.
    signatures: Vec<[u8; 32]>,
}

const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";
const LEGACY: &str = "x-whop-signature";

/// Room for sixteen signatures of every kind there is; beyond it somebody is trying something.
const MAX_HEADER_BYTES: usize = 4096;
/// A provider rotating its key sends two.
const MAX_SIGNATURES: usize = 16;
/// Unix seconds up to the year 33658.
const MAX_TIMESTAMP_DIGITS: usize = 12;

impl Claim {
    /// Reads the headers of the scheme in use.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refused> {
        if [ID, TIMESTAMP, SIGNATURE].iter().any(|name| headers.contains_key(*name)) {
            Self::standard(headers)
        } else {
            Self::legacy(headers)
        }
    }

    fn standard(headers: &HeaderMap) -> Result<Self, Refused> {
        let id = sole(headers, ID)?;
        if id.is_empty() {
            return Err(Refused::Malformed(ID));
        }
        let timestamp = sole(headers, TIMESTAMP)?;
        let signed_at = instant(timestamp).ok_or(Refused::Malformed(TIMESTAMP))?;
        let offered = sole(headers, SIGNATURE)?.split_ascii_whitespace();
        let signatures = of_version_one(offered, ',', |text| STANDARD.decode(text).ok())
            .ok_or(Refused::Malformed(SIGNATURE))?;
        let prefix = standard_prefix(id, timestamp);
        Ok(Self { event_id: Some(id.to_owned()), signed_at, prefix, signatures })
    }

    fn legacy(headers: &HeaderMap) -> Result<Self, Refused> {
        let malformed = Refused::Malformed(LEGACY);
        let value = sole(headers, LEGACY)?;
        let (times, offered): (Vec<&str>, Vec<&str>) =
            value.split(',').map(str::trim).partition(|part| part.starts_with("t="));
        let [time] = times[..] else { return Err(malformed) };
        let timestamp = &time["t=".len()..];
        let (Some(signed_at), Some(signatures)) =
            (instant(timestamp), of_version_one(offered.into_iter(), '=', |text| hex::decode(text).ok()))
        else {
            return Err(malformed);
        };
        Ok(Self { event_id: None, signed_at, prefix: legacy_prefix(timestamp), signatures })
    }

    /// Whether one of the signatures was made with one of the secrets.
    ///
    /// Nothing ends early, so that the time taken tells neither which secret nor which signature was
    /// right. The body is hashed once per key; the comparison is `ring`'s constant-time one over the
    /// HMACs of both tags, which are equal only where the tags are.
    pub(super) fn is_genuine(&self, body: &[u8], secrets: &[Secret]) -> bool {
        let mut genuine = false;
        for key in secrets.iter().flat_map(Secret::candidate_keys) {
            let blinded = hmac::sign(&key, tag(&key, &self.prefix, body).as_ref());
            for signature in &self.signatures {
                genuine |= hmac::verify(&key, signature, blinded.as_ref()).is_ok();
            }
        }
        genuine
    }
}

/// What Standard Webhooks signs in front of the body.
pub(super) fn standard_prefix(id: &str, timestamp: &str) -> String {
    format!("{id}.{timestamp}.")
}

/// What Whop's older scheme signs in front of the body.
pub(super) fn legacy_prefix(timestamp: &str) -> String {
    format!("{timestamp}.")
}

/// The HMAC over the prefix and the body, without copying the body.
pub(super) fn tag(key: &hmac::Key, prefix: &str, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    context.update(prefix.as_bytes());
    context.update(body);
    context.sign()
}

/// The one value of a header: two lines of one name are how a proxy is made to see another one than we do.
fn sole<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<&'h str, Refused> {
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
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if text.len() > MAX_TIMESTAMP_DIGITS || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    DateTime::from_timestamp(text.parse().ok()?, 0)
}

/// The readable signatures of version `v1`; other versions are other algorithms, and a broken one beside
/// a good one does no harm. `None` where none is left, or where there are more than anyone needs.
fn of_version_one<'t>(
    offered: impl Iterator<Item = &'t str>,
    separator: char,
    decode: impl Fn(&str) -> Option<Vec<u8>>,
) -> Option<Vec<[u8; 32]>> {
    let offered: Vec<&str> = offered.take(MAX_SIGNATURES + 1).collect();
    if offered.len() > MAX_SIGNATURES {
        return None;
    }
    let readable = |part: &str| match part.split_once(separator)? {
        ("v1", text) => decode(text)?.try_into().ok(),
        _ => None,
    };
    let signatures: Vec<[u8; 32]> = offered.into_iter().filter_map(readable).collect();
    (!signatures.is_empty()).then_some(signatures)
}
