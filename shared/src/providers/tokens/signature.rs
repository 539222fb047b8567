//! Verifies token signatures with the cryptography library of the TLS stack; a second library would make every
//! binary a fifth larger.

use std::collections::HashSet;
use std::sync::{Mutex, Once, PoisonError};

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Unauthorized, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Validation};
use ring::digest::{Context, SHA256};
use ring::signature::{self as proven, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::de::DeserializeOwned;

/// The claims of a token that this key has signed and that passes `validation`.
pub fn claims<T: DeserializeOwned>(token: &str, key: &DecodingKey, validation: &Validation) -> Option<T> {
    install();
    jsonwebtoken::decode(token, key, validation).ok().map(|data| data.claims)
}

/// Installs it as the process's crypto provider for tokens.
fn install() {
    static ONCE: Once = Once::new();
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    ONCE.call_once(|| {
        // Fails only if another provider is installed already, which is then used.
        let _ = PROVIDER.install_default();
    });
}

/// Digests of verified signatures. A signature stays valid for ever, so the next request with the same token need
/// not compute it again; key set and expiry are checked every time.
static VERIFIED: Mutex<Option<HashSet<Digest>>> = Mutex::new(None);

/// More concurrent callers than one process serves.
const MAX_VERIFIED: usize = 256;

type Digest = [u8; 32];

struct Check {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Tokens are only verified here, never signed.
fn no_signer(_: &Algorithm, _: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Err(ErrorKind::InvalidAlgorithm.into())
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    if key.family() != algorithm.family() {
        return Err(ErrorKind::InvalidKeyFormat.into());
    }
    Ok(Box::new(Check { algorithm: *algorithm, key: key.clone() }))
}

impl JwtVerifier for Check {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for Check {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Unauthorized> {
        let digest = self.digest(message, signature);
        let mut held = VERIFIED.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.get_or_insert_default();
        if held.contains(&digest) {
            return Ok(());
        }
        self.verify_uncached(message, signature)?;
        if held.len() >= MAX_VERIFIED {
            held.clear();
        }
        held.insert(digest);
        Ok(())
    }
}

impl Check {
    /// A digest of everything that decides whether a signature is valid.
    fn digest(&self, message: &[u8], signature: &[u8]) -> Digest {
        let algorithm = format!("{:?}", self.algorithm);
        let (one, other): (&[u8], &[u8]) = match self.key.kind() {
            DecodingKeyKind::SecretOrDer(key) => (key, &[]),
            DecodingKeyKind::RsaModulusExponent { n, e } => (n, e),
        };
        let mut context = Context::new(&SHA256);
        for part in [algorithm.as_bytes(), one, other, signature, message] {
            // Each part is preceded by its length, so that the boundaries are unambiguous.
            context.update(&part.len().to_be_bytes());
            context.update(part);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(context.finish().as_ref());
        digest
    }

    fn verify_uncached(&self, message: &[u8], signature: &[u8]) -> Result<(), Unauthorized> {
        match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let parameters = rsa(self.algorithm).ok_or_else(Unauthorized::new)?;
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            DecodingKeyKind::SecretOrDer(key) => match (rsa(self.algorithm), self.algorithm) {
                (Some(parameters), _) => UnparsedPublicKey::new(parameters, key).verify(message, signature),
                (None, Algorithm::ES256) => {
                    UnparsedPublicKey::new(&proven::ECDSA_P256_SHA256_FIXED, key).verify(message, signature)
                }
                (None, Algorithm::ES384) => {
                    UnparsedPublicKey::new(&proven::ECDSA_P384_SHA384_FIXED, key).verify(message, signature)
                }
                (None, Algorithm::EdDSA) => {
                    UnparsedPublicKey::new(&proven::ED25519, key).verify(message, signature)
                }
                _ => return Err(Unauthorized::new()),
            },
        }
        .map_err(|_| Unauthorized::new())
    }
}

fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::RS256 => &proven::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &proven::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &proven::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &proven::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &proven::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &proven::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}
