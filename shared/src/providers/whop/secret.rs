//! The webhook secret, and the HMAC keys it may stand for.

use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::hmac;

/// A webhook secret as it was configured, `ws_…` or `whsec_…` included. It never prints itself.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

/// Shorter ones are words that happen to be base64, not keys somebody generated.
const MIN_DECODED_KEY_BYTES: usize = 16;

const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Secret {
    /// Reads one secret; white space around it comes from files and shells, and is not part of it.
    ///
    /// `None` for a blank text: an empty HMAC key is one that everybody knows.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.as_bytes().into()))
    }

    /// Reads a comma-separated list, newest first, so that a secret rotates without a gap.
    /// Blank entries are dropped; an empty list keeps the door shut.
    pub fn list(text: &str) -> Vec<Self> {
        text.split(',').filter_map(Self::new).collect()
    }

    /// The key Whop signs with: the bytes of the whole text. Its own sample base64-encodes the secret
    /// before a library decodes it again, so that nothing is ever really decoded.
    pub(super) fn key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.0)
    }

    /// Every key that a sender holding this secret may have used: Whop's reading, and for `whsec_…`
    /// also the Standard Webhooks one, where the rest is a base64-encoded key.
    pub(super) fn candidate_keys(&self) -> impl Iterator<Item = hmac::Key> {
        let decoded = self.0.strip_prefix(b"whsec_").and_then(|rest| LENIENT_BASE64.decode(rest).ok());
        let standard = decoded
            .filter(|key| key.len() >= MIN_DECODED_KEY_BYTES)
            .map(|key| hmac::Key::new(hmac::HMAC_SHA256, &key));
        std::iter::once(self.key()).chain(standard)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_nothing_of_itself() {
        assert_eq!(format!("{:?}", Secret::list("ws_alpha,ws_beta")), "[Secret(hidden), Secret(hidden)]");
    }

    #[test]
    fn a_blank_secret_is_none() {
        assert!(Secret::new(" \n").is_none());
        assert_eq!(Secret::list("").len(), 0);
        assert_eq!(Secret::list(" , ws_alpha ,\n").len(), 1);
    }

    #[test]
    fn only_a_long_enough_whsec_secret_has_a_second_key() {
        let keys = |text: &str| Secret::new(text).unwrap().candidate_keys().count();
        assert_eq!(keys("ws_MTIzNDU2Nzg5MDEyMzQ1Ng=="), 1);
        assert_eq!(keys("whsec_MTIzNDU2Nzg5MDEyMzQ1Ng=="), 2);
        assert_eq!(keys("whsec_MTIzNDU2Nzg5MDEyMzQ1Ng"), 2);
        assert_eq!(keys("whsec_c2hvcnQ="), 1);
        assert_eq!(keys("whsec_no base64!"), 1);
    }
}
