//! The header `t=<unix seconds>,v1=<hex>[,v1=<hex>]` over `{t}.{body}`, used by Stripe and by Whop's older scheme.

use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use super::{Refused, Secret, is_genuine, of_version, parse_unix_seconds, single_header, tag, versioned};

/// The parsed header, not yet verified.
pub(in crate::providers) struct Claim {
    pub(in crate::providers) signed_at: DateTime<Utc>,
    prefix: String,
    signatures: Vec<[u8; 32]>,
}

impl Claim {
    /// Parses the header; `decode` decodes the signatures. The time must occur exactly once.
    pub(in crate::providers) fn read(
        headers: &HeaderMap,
        name: &'static str,
        decode: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, Refused> {
        let malformed = || Refused::Malformed(name);
        let (times, offered): (Vec<&str>, Vec<&str>) =
            single_header(headers, name)?.split(',').map(str::trim).partition(|part| part.starts_with("t="));
        let [time] = times[..] else { return Err(malformed()) };
        let timestamp = &time["t=".len()..];
        let signed_at = parse_unix_seconds(timestamp).ok_or_else(malformed)?;
        let offered = versioned(offered.into_iter(), '=').ok_or_else(malformed)?;
        let signatures = of_version(&offered, "v1", decode);
        if signatures.is_empty() {
            return Err(malformed());
        }
        Ok(Self { signed_at, prefix: prefix(timestamp), signatures })
    }

    /// Whether one of the signatures was made with one of the keys.
    pub(in crate::providers) fn is_genuine(
        &self,
        body: &[u8],
        keys: impl Iterator<Item = hmac::Key>,
    ) -> bool {
        is_genuine(keys, &self.prefix, body, &self.signatures)
    }
}

/// Returns the header's value for these contents.
pub(in crate::providers) fn sign(signed_at: DateTime<Utc>, body: &[u8], secret: &Secret) -> String {
    let timestamp = signed_at.timestamp().to_string();
    let tag = tag(&secret.key(), &prefix(&timestamp), body);
    format!("t={timestamp},v1={}", hex::encode(tag))
}

fn prefix(timestamp: &str) -> String {
    format!("{timestamp}.")
}
