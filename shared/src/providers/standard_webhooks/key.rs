//! The keys of a webhook source: shared keys (`whsec_…`) and public keys (`whpk_…`), each for its algorithm.

use std::fmt;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};
use ring::hmac;
use ring::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, UnparsedPublicKey};

/// The keys of one source, newest first. `Debug` does not show them.
#[derive(Clone)]
pub struct WebhookKeys {
    pub(super) shared: Vec<hmac::Key>,
    pub(super) public: Vec<UnparsedPublicKey<[u8; ED25519_PUBLIC_KEY_LEN]>>,
}

/// Why a text is no key. The error does not quote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error("begins with neither whsec_ nor whpk_")]
    Kind,
    #[error("is not base64 after its prefix")]
    Encoding,
    #[error("is shorter than {MIN_SHARED_BYTES} bytes")]
    Short,
    #[error("is not {ED25519_PUBLIC_KEY_LEN} bytes")]
    Length,
}

/// Shorter keys are not random keys but words that happen to be base64.
const MIN_SHARED_BYTES: usize = 16;

const LENIENT_BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Ed25519's base point: a valid public key that no one uses, and whose check takes as long as any other.
const BASE_POINT: [u8; ED25519_PUBLIC_KEY_LEN] = {
    let mut point = [0x66; ED25519_PUBLIC_KEY_LEN];
    point[0] = 0x58;
    point
};

impl WebhookKeys {
    /// Parses the secrets of a source. One invalid entry fails all, because without it valid events would be
    /// refused silently.
    pub fn parse<'s>(secrets: impl IntoIterator<Item = &'s str>) -> Result<Self, BadKey> {
        let mut keys = Self { shared: Vec::new(), public: Vec::new() };
        for secret in secrets {
            match secret.strip_prefix("whpk_") {
                Some(text) => {
                    let bytes = decode(text)?.try_into().map_err(|_| BadKey::Length)?;
                    keys.public.push(UnparsedPublicKey::new(&ED25519, bytes));
                }
                None => keys.shared.push(shared(secret)?),
            }
        }
        Ok(keys)
    }

    pub fn is_empty(&self) -> bool {
        self.shared.is_empty() && self.public.is_empty()
    }

    /// One dummy key of each kind, so that a check for an unknown source takes as long as any other.
    pub(super) fn dummy() -> Self {
        let shared = hmac::Key::new(hmac::HMAC_SHA256, &BASE_POINT);
        Self { shared: vec![shared], public: vec![UnparsedPublicKey::new(&ED25519, BASE_POINT)] }
    }
}

impl fmt::Debug for WebhookKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({} shared, {} public)", self.shared.len(), self.public.len())
    }
}

/// Decodes the key after `whsec_`.
pub(in crate::providers) fn shared(secret: &str) -> Result<hmac::Key, BadKey> {
    let bytes = decode(secret.strip_prefix("whsec_").ok_or(BadKey::Kind)?)?;
    if bytes.len() < MIN_SHARED_BYTES {
        return Err(BadKey::Short);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, BadKey> {
    LENIENT_BASE64.decode(text).map_err(|_| BadKey::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_key_is_refused_and_not_quoted() {
        for (text, expected) in [
            ("", BadKey::Kind),
            ("whsec", BadKey::Kind),
            ("WHSEC_c2l4dGVlbiBieXRlcyBvciBtb3Jl", BadKey::Kind),
            ("c2l4dGVlbiBieXRlcyBvciBtb3Jl", BadKey::Kind),
            ("whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", BadKey::Kind),
            ("whsec_very private!", BadKey::Encoding),
            ("whsec_", BadKey::Short),
            ("whsec_c2hvcnQ=", BadKey::Short),
            ("whpk_", BadKey::Length),
            ("whpk_c2l4dGVlbiBieXRlcyBvciBtb3Jl", BadKey::Length),
            ("whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbgA", BadKey::Length),
            ("whpk_-_", BadKey::Encoding),
        ] {
            assert_eq!(WebhookKeys::parse([text]).err(), Some(expected), "{text}");
            let good = "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl";
            assert_eq!(WebhookKeys::parse([good, text]).err(), Some(expected), "{text} beside a good one");
            assert!(!expected.to_string().contains("private"));
        }
    }

    #[test]
    fn keys_print_nothing_of_themselves() {
        let keys = WebhookKeys::parse([
            "whsec_c2l4dGVlbiBieXRlcyBvciBtb3Jl",
            "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=",
        ]);
        assert_eq!(format!("{:?}", keys.unwrap()), "Keys(1 shared, 1 public)");
        assert!(WebhookKeys::parse([]).unwrap().is_empty());
    }
}
