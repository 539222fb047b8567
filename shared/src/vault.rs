//! Encrypts personal data before it is stored: AES-256-GCM with `ENCRYPTION_KEY`.
//!
//! A sealed text is `v1.<key id>.<base64>`. The key id is derived from the key, so a list of keys (newest first)
//! can be rotated: new texts use the first key, old ones are decrypted with theirs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use crate::domain::kernel::suppression::{AddressHash, canonical_address};

/// Derives the key of address hashes from an encryption key, so that neither can be computed from the other's
/// output.
const ADDRESS_HASH_LABEL: &[u8] = b"justonce address hash v1";

/// The encryption keys of a deployment.
pub struct Vault {
    keys: Vec<(String, LessSafeKey)>,
    /// The derived key of address hashes for each encryption key, in the same order.
    address_keys: Vec<hmac::Key>,
    random: SystemRandom,
}

/// Why a text cannot be encrypted or decrypted. The error holds no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    #[error("ENCRYPTION_KEY: entry {0} is not 32 bytes in base64")]
    Key(usize),
    #[error("ENCRYPTION_KEY is not set")]
    Unconfigured,
    #[error("sealed under a key that ENCRYPTION_KEY no longer lists")]
    UnknownKey,
    /// The text has another format, was changed, or was sealed for another place.
    #[error("the sealed text cannot be opened")]
    Opening,
    #[error("no randomness")]
    Randomness,
}

impl Vault {
    /// Parses a comma-separated list of base64 keys, newest first.
    pub fn parse(list: &str) -> Result<Self, VaultError> {
        let (mut keys, mut address_keys) = (Vec::new(), Vec::new());
        for (position, text) in list.split(',').map(str::trim).filter(|text| !text.is_empty()).enumerate() {
            let wrong = VaultError::Key(position + 1);
            let bytes = BASE64.decode(text).map_err(|_| wrong.clone())?;
            let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| wrong)?;
            keys.push((key_id(&bytes), LessSafeKey::new(key)));
            address_keys.push(address_key(&bytes));
        }
        Ok(Self { keys, address_keys, random: SystemRandom::new() })
    }

    /// Encrypts a text for one `place` (additional authenticated data): only [`Self::open`] with the same place
    /// decrypts it.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Result<String, VaultError> {
        let (id, key) = self.keys.first().ok_or(VaultError::Unconfigured)?;
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| VaultError::Randomness)?;
        let mut sealed = plain.to_vec();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(place.as_bytes()),
            &mut sealed,
        )
        .map_err(|_| VaultError::Opening)?;
        Ok(format!("v1.{id}.{}", BASE64.encode([&nonce[..], &sealed].concat())))
    }

    /// Decrypts a text sealed for `place`.
    pub fn open(&self, place: &str, sealed: &str) -> Result<Vec<u8>, VaultError> {
        let (id, text) =
            sealed.strip_prefix("v1.").and_then(|rest| rest.split_once('.')).ok_or(VaultError::Opening)?;
        let (_, key) = self.keys.iter().find(|(known, _)| known == id).ok_or(VaultError::UnknownKey)?;
        let bytes = BASE64.decode(text).map_err(|_| VaultError::Opening)?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN).ok_or(VaultError::Opening)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| VaultError::Opening)?;
        let mut sealed = sealed.to_vec();
        let plain = key
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut sealed)
            .map_err(|_| VaultError::Opening)?;
        Ok(plain.to_vec())
    }

    /// The keyed hashes that identify an address in rows without revealing it: HMAC-SHA256 of the normalized
    /// address, with a key derived from each encryption key.
    pub fn hash_address(&self, address: &str) -> AddressHash {
        let address = canonical_address(address);
        let hash = |key: &hmac::Key| hex::encode(hmac::sign(key, address.as_bytes()));
        AddressHash::new(self.address_keys.iter().map(hash).collect())
    }

    /// Whether an encryption key is set.
    pub fn is_configured(&self) -> bool {
        !self.keys.is_empty()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({} keys)", self.keys.len())
    }
}

fn address_key(key: &[u8]) -> hmac::Key {
    let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), ADDRESS_HASH_LABEL);
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

fn key_id(key: &[u8]) -> String {
    hex::encode(&digest(&SHA256, key).as_ref()[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> String {
        BASE64.encode([byte; 32])
    }

    #[test]
    fn what_was_sealed_opens_at_its_place_only() {
        let vault = Vault::parse(&key(1)).unwrap();
        let sealed = vault.seal("event:1", b"secret words").unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(vault.open("event:1", &sealed).unwrap(), b"secret words");
        assert_eq!(vault.open("event:2", &sealed), Err(VaultError::Opening));
        assert_ne!(sealed, vault.seal("event:1", b"secret words").unwrap());
    }

    #[test]
    fn keys_rotate_without_a_gap() {
        let old = Vault::parse(&key(1)).unwrap().seal("p", b"x").unwrap();
        let both = Vault::parse(&format!("{}, {}", key(2), key(1))).unwrap();
        assert_eq!(both.open("p", &old).unwrap(), b"x");
        let new = both.seal("p", b"y").unwrap();
        assert_eq!(Vault::parse(&key(2)).unwrap().open("p", &new).unwrap(), b"y");
        assert_eq!(Vault::parse(&key(2)).unwrap().open("p", &old), Err(VaultError::UnknownKey));
    }

    #[test]
    fn an_address_has_one_hash_for_each_key_and_none_without() {
        let old = Vault::parse(&key(1)).unwrap().hash_address("Ann@Example.com");
        let both = Vault::parse(&format!("{}, {}", key(2), key(1))).unwrap().hash_address("ann@example.com");
        assert_eq!((both.all().len(), both.all().last()), (2, old.newest().map(str::to_owned).as_ref()));
        assert_ne!(both.newest(), old.newest());
        assert_eq!(Vault::parse("").unwrap().hash_address("ann@example.com").newest(), None);
        assert!(!format!("{both:?}").contains("ann"));
    }

    #[test]
    fn bad_keys_and_bad_texts_are_refused() {
        assert_eq!(Vault::parse(&format!("{},c2hvcnQ=", key(1))).unwrap_err(), VaultError::Key(2));
        assert_eq!(Vault::parse("").unwrap().seal("p", b"x"), Err(VaultError::Unconfigured));
        let vault = Vault::parse(&key(1)).unwrap();
        let mut sealed = vault.seal("p", b"x").unwrap();
        sealed.replace_range(sealed.len() - 4..sealed.len() - 3, "!");
        for text in ["", "v1.", "v1.00.AA==", &sealed, &format!("v1.{}.AAAA", key_id(&[1; 32]))] {
            assert!(vault.open("p", text).is_err(), "{text}");
        }
    }
}
