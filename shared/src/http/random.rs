//! Random bytes with a text form: ids of sessions, tokens of links, nonces of pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::failure::Failure;
use crate::store::keys::sha256_hex;

/// Bytes from the system's random generator. There is no `Debug`, because most of them are secrets.
pub struct Random<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Random<BYTES> {
    pub fn new() -> Result<Self, Failure> {
        let mut bytes = [0; BYTES];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| Failure::Internal("no randomness".to_owned()))?;
        Ok(Self(bytes))
    }

    /// Parses the output of [`Self::text`]; any other spelling is refused.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Base64url without padding, for URLs and cookies.
    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// The hash under which a secret is stored; with this many random bits it needs no salt.
    pub fn hash(&self) -> String {
        sha256_hex(&self.0)
    }
}
