//! Random bytes that travel as text: ids of sessions, tokens of links, nonces of pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::failure::Failure;
use crate::store::keys::sha256_hex;

/// So many bytes of the system's randomness. There is no `Debug`: most of them are secrets.
pub struct Random<const BYTES: usize>([u8; BYTES]);

impl<const BYTES: usize> Random<BYTES> {
    pub fn new() -> Result<Self, Failure> {
        let mut bytes = [0; BYTES];
        let filled = SystemRandom::new().fill(&mut bytes);
        filled.map_err(|_| Failure::Internal("no randomness".to_owned()))?;
        Ok(Self(bytes))
    }

    /// Reads what `text` wrote, which has one spelling.
    pub fn parse(text: &str) -> Option<Self> {
        BASE64.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// In letters, digits, `-` and `_`, as URLs and cookies take them.
    pub fn text(&self) -> String {
        BASE64.encode(self.0)
    }

    /// What is kept of a secret: with this many bits its hash needs no salt.
    pub fn hash(&self) -> String {
        sha256_hex(&self.0)
    }
}
