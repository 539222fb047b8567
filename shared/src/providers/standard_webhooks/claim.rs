//! The three headers of a webhook, parsed but not yet verified.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use ring::hmac;

use super::key::WebhookKeys;
use crate::providers::signed::{
    Refused, is_genuine, of_version, parse_unix_seconds, single_header, tag, versioned,
};

struct Family {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

const SPECIFIED: Family =
    Family { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };

/// The names that Svix uses, and with it Resend, Clerk and many others, for the same scheme.
const SVIX: Family = Family { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

/// There is no signature with a supported algorithm.
pub(in crate::providers) const UNSIGNED: Refused = Refused::Malformed(SPECIFIED.signature);

impl Family {
    fn names(&self) -> [&'static str; 3] {
        [self.id, self.timestamp, self.signature]
    }

    /// The family whose three headers are complete; the specification's family has precedence and the other is
    /// then ignored.
    fn of(headers: &HeaderMap) -> &'static Self {
        let is_complete = |family: &Self| family.names().iter().all(|name| headers.contains_key(*name));
        let is_begun = |family: &Self| family.names().iter().any(|name| headers.contains_key(*name));
        if is_complete(&SPECIFIED) {
            return &SPECIFIED;
        }
        if is_complete(&SVIX) || (is_begun(&SVIX) && !is_begun(&SPECIFIED)) { &SVIX } else { &SPECIFIED }
    }
}

/// Whether any header of either family is present.
pub(in crate::providers) fn is_present(headers: &HeaderMap) -> bool {
    [SPECIFIED, SVIX].iter().flat_map(Family::names).any(|name| headers.contains_key(name))
}

/// The version of HMAC-SHA256 signatures with a shared key.
const SHARED: &str = "v1";
/// The version of ed25519 signatures with a private key.
const PRIVATE: &str = "v1a";

pub(in crate::providers) struct Claim<'h> {
    pub(in crate::providers) id: &'h str,
    /// The name of the header that holds the id.
    pub(in crate::providers) id_header: &'static str,
    pub(in crate::providers) signed_at: DateTime<Utc>,
    prefix: String,
    shared: Vec<[u8; 32]>,
    private: Vec<[u8; 64]>,
}

impl<'h> Claim<'h> {
    /// Parses the headers. There must be a signature of at least one of the two algorithms.
    pub(in crate::providers) fn read(headers: &'h HeaderMap) -> Result<Self, Refused> {
        let family = Family::of(headers);
        let id = single_header(headers, family.id)?;
        if id.is_empty() {
            return Err(Refused::Malformed(family.id));
        }
        let timestamp = single_header(headers, family.timestamp)?;
        let signed_at = parse_unix_seconds(timestamp).ok_or(Refused::Malformed(family.timestamp))?;
        let unsigned = Refused::Malformed(family.signature);
        let offered = single_header(headers, family.signature)?.split_ascii_whitespace();
        let offered = versioned(offered, ',').ok_or_else(|| unsigned.clone())?;
        let decode = |text: &str| STANDARD.decode(text).ok();
        let shared = of_version(&offered, SHARED, decode);
        let private = of_version(&offered, PRIVATE, decode);
        if shared.is_empty() && private.is_empty() {
            return Err(unsigned);
        }
        Ok(Self { id_header: family.id, id, signed_at, prefix: prefix(id, timestamp), shared, private })
    }

    pub(in crate::providers) fn shared(&self) -> &[[u8; 32]] {
        &self.shared
    }

    /// Whether one of the shared-key signatures was made with one of these keys.
    pub(in crate::providers) fn is_shared_genuine(
        &self,
        body: &[u8],
        keys: impl Iterator<Item = hmac::Key>,
    ) -> bool {
        is_genuine(keys, &self.prefix, body, &self.shared)
    }

    /// Whether any signature was made with a key of its own algorithm. All are checked, so that the time is
    /// constant.
    pub(super) fn is_genuine(&self, body: &[u8], keys: &WebhookKeys) -> bool {
        let shared = self.is_shared_genuine(body, keys.shared.iter().cloned());
        shared | self.is_private_genuine(body, keys)
    }

    fn is_private_genuine(&self, body: &[u8], keys: &WebhookKeys) -> bool {
        if self.private.is_empty() {
            return false;
        }
        // Unlike a MAC, ed25519 reads its message twice, so it must be contiguous.
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

/// Returns `webhook-signature` for these contents with a shared key.
pub(in crate::providers) fn sign(id: &str, signed_at: DateTime<Utc>, body: &[u8], key: &hmac::Key) -> String {
    let prefix = prefix(id, &signed_at.timestamp().to_string());
    format!("{SHARED},{}", STANDARD.encode(tag(key, &prefix, body)))
}

/// Returns `webhook-signature` for these contents with a private key.
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
