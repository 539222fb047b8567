//! Signs webhooks as a source does, for the local sandbox and tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::claim;
use super::key::{self, BadKey};

/// A source's signing key: a shared key (`whsec_…`) or a private key (`whsk_…`, the 32 bytes of an ed25519 seed).
pub struct SigningKey(Kind);

enum Kind {
    Shared(hmac::Key),
    Private(Ed25519KeyPair),
}

impl SigningKey {
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let Some(seed) = text.strip_prefix("whsk_") else {
            return Ok(Self(Kind::Shared(key::shared(text)?)));
        };
        let pair = Ed25519KeyPair::from_seed_unchecked(&key::decode(seed)?).map_err(|_| BadKey::Length)?;
        Ok(Self(Kind::Private(pair)))
    }

    /// Returns `webhook-signature` for these contents. `id` is `webhook-id`, and the unix seconds of `signed_at`
    /// are `webhook-timestamp`.
    pub fn sign(&self, id: &str, signed_at: DateTime<Utc>, body: &[u8]) -> String {
        match &self.0 {
            Kind::Shared(key) => claim::sign(id, signed_at, body, key),
            Kind::Private(pair) => claim::sign_private(id, signed_at, body, pair),
        }
    }

    /// The `whpk_…` that verifies the signatures of a private key; `None` for a shared key.
    pub fn public(&self) -> Option<String> {
        match &self.0 {
            Kind::Shared(_) => None,
            Kind::Private(pair) => Some(format!("whpk_{}", STANDARD.encode(pair.public_key()))),
        }
    }
}
