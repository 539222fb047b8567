//! What the three headers claim: who signed what, and when. Nothing of it is believed yet.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use super::key::Keys;
use crate::providers::signed::{Refused, instant, is_genuine, of_version, sole, tag, versioned};

pub(in crate::providers) const ID: &str = "webhook-id";
const TIMESTAMP: &str = "webhook-timestamp";
const SIGNATURE: &str = "webhook-signature";

/// The headers of the scheme.
pub(in crate::providers) const HEADERS: [&str; 3] = [ID, TIMESTAMP, SIGNATURE];

/// No signature of an algorithm in use.
pub(in crate::providers) const UNSIGNED: Refused = Refused::Malformed(SIGNATURE);

/// The version of a signature by a shared key: HMAC-SHA256.
const SHARED: &str = "v1";
/// The version of a signature by a private key: ed25519.
const PRIVATE: &str = "v1a";

/// The headers, read.
pub(in crate::providers) struct Claim<'h> {
    /// The signed id.
    pub(in crate::providers) id: &'h str,
    /// When it says it was signed.
    pub(in crate::providers) signed_at: DateTime<Utc>,
    prefix: String,
    shared: Vec<[u8; 32]>,
    private: Vec<[u8; 64]>,
}

impl<'h> Claim<'h> {
    /// Reads the headers. A signature of at least one of the two algorithms has to be there.
    pub(in crate::providers) fn read(headers: &'h HeaderMap) -> Result<Self, Refused> {
        let id = sole(headers, ID)?;
        if id.is_empty() {
            return Err(Refused::Malformed(ID));
        }
        let timestamp = sole(headers, TIMESTAMP)?;
        let signed_at = instant(timestamp).ok_or(Refused::Malformed(TIMESTAMP))?;
        let offered = versioned(sole(headers, SIGNATURE)?.split_ascii_whitespace(), ',').ok_or(UNSIGNED)?;
        let decode = |text: &str| STANDARD.decode(text).ok();
        let shared = of_version(&offered, SHARED, decode);
        let private = of_version(&offered, PRIVATE, decode);
        if shared.is_empty() && private.is_empty() {
            return Err(UNSIGNED);
        }
        Ok(Self { id, signed_at, prefix: prefix(id, timestamp), shared, private })
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
    pub(super) fn is_genuine(&self, body: &[u8], keys: &Keys) -> bool {
        let shared = self.is_shared_genuine(body, keys.shared.iter().cloned());
        shared | self.is_private_genuine(body, keys)
    }

    fn is_private_genuine(&self, body: &[u8], keys: &Keys) -> bool {
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
