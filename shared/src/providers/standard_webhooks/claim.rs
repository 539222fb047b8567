//! What the three headers claim: who signed what, and when. Nothing of it is believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use super::key::WebhookKeys;
use crate::providers::signed::{Refused, instant, is_genuine, of_version, sole, tag, versioned};

/// The names of the three headers in one family.
struct Family {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

/// The names of the specification.
const SPECIFIED: Family =
    Family { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };

/// The names that Svix sends, and with it Resend, Clerk and many others: the same scheme.
const SVIX: Family = Family { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

/// No signature of an algorithm in use.
pub(in crate::providers) const UNSIGNED: Refused = Refused::Malformed(SPECIFIED.signature);

impl Family {
    fn names(&self) -> [&'static str; 3] {
        [self.id, self.timestamp, self.signature]
    }

    /// The family whose three headers are there. The specification's comes first, where both are; what
    /// stands in the other is not asked. Headers of two families never make one claim.
    fn of(headers: &HeaderMap) -> &'static Self {
        let is_complete = |family: &Self| family.names().iter().all(|name| headers.contains_key(*name));
        let is_begun = |family: &Self| family.names().iter().any(|name| headers.contains_key(*name));
        if is_complete(&SPECIFIED) {
            return &SPECIFIED;
        }
        if is_complete(&SVIX) || (is_begun(&SVIX) && !is_begun(&SPECIFIED)) { &SVIX } else { &SPECIFIED }
    }
}

/// Whether any header of the scheme is there, in either family.
pub(in crate::providers) fn is_present(headers: &HeaderMap) -> bool {
    [SPECIFIED, SVIX].iter().flat_map(Family::names).any(|name| headers.contains_key(name))
}

/// The version of a signature by a shared key: HMAC-SHA256.
const SHARED: &str = "v1";
/// The version of a signature by a private key: ed25519.
const PRIVATE: &str = "v1a";

pub(in crate::providers) struct Claim<'h> {
    pub(in crate::providers) id: &'h str,
    /// The header it stands in.
    pub(in crate::providers) id_header: &'static str,
    /// When it says it was signed.
    pub(in crate::providers) signed_at: DateTime<Utc>,
    prefix: String,
    shared: Vec<[u8; 32]>,
    private: Vec<[u8; 64]>,
}

impl<'h> Claim<'h> {
    /// Reads the headers. A signature of at least one of the two algorithms has to be there.
    pub(in crate::providers) fn read(headers: &'h HeaderMap) -> Result<Self, Refused> {
        let family = Family::of(headers);
        let id = sole(headers, family.id)?;
        if id.is_empty() {
            return Err(Refused::Malformed(family.id));
        }
        let timestamp = sole(headers, family.timestamp)?;
        let signed_at = instant(timestamp).ok_or(Refused::Malformed(family.timestamp))?;
        let unsigned = Refused::Malformed(family.signature);
        let offered = sole(headers, family.signature)?.split_ascii_whitespace();
        let offered = versioned(offered, ',').ok_or_else(|| unsigned.clone())?;
        let decode = |text: &str| STANDARD.decode(text).ok();
        let shared = of_version(&offered, SHARED, decode);
        let private = of_version(&offered, PRIVATE, decode);
        if shared.is_empty() && private.is_empty() {
            return Err(unsigned);
        }
        Ok(Self { id_header: family.id, id, signed_at, prefix: prefix(id, timestamp), shared, private })
    }

    /// The signatures by a shared key.
    pub(in crate::providers) fn shared(&self) -> &[[u8; 32]] {
        &self.shared
    }

    /// Whether one of them was made with one of these keys.
    pub(in crate::providers) fn is_shared_genuine(
        &self,
        body: &[u8],
        keys: impl Iterator<Item = hmac::Key>,
    ) -> bool {
        is_genuine(keys, &self.prefix, body, &self.shared)
    }

    /// Whether any signature was made with a key of its own algorithm. Nothing ends early.
    pub(super) fn is_genuine(&self, body: &[u8], keys: &WebhookKeys) -> bool {
        let shared = self.is_shared_genuine(body, keys.shared.iter().cloned());
        shared | self.is_private_genuine(body, keys)
    }

    fn is_private_genuine(&self, body: &[u8], keys: &WebhookKeys) -> bool {
        if self.private.is_empty() {
            return false;
        }
        // Unlike a MAC, ed25519 reads its message twice, so that it has to be in one piece.
        let message = [self.prefix.as_bytes(), body].concat();
        let mut genuine = false;
        for key in &keys.public {
            for signature in &self.private {
                genuine |= key.verify(&message, signature).is_ok();
            }
        }
        genuine
    }
}

/// The value of `webhook-signature` for these contents, by a shared key.
pub(in crate::providers) fn sign(id: &str, signed_at: DateTime<Utc>, body: &[u8], key: &hmac::Key) -> String {
    let prefix = prefix(id, &signed_at.timestamp().to_string());
    format!("{SHARED},{}", STANDARD.encode(tag(key, &prefix, body)))
}

/// The value of `webhook-signature` for these contents, by a private key.
pub(super) fn sign_private(
    id: &str,
    signed_at: DateTime<Utc>,
    body: &[u8],
    key: &ring::signature::Ed25519KeyPair,
) -> String {
    let prefix = prefix(id, &signed_at.timestamp().to_string());
    let message = [prefix.as_bytes(), body].concat();
    format!("{PRIVATE},{}", STANDARD.encode(key.sign(&message)))
}

fn prefix(id: &str, timestamp: &str) -> String {
    format!("{id}.{timestamp}.")
}
