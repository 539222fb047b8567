//! Signatures of tokens, checked by the cryptography that TLS brings: a second one would make every
//! binary a fifth larger.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as Unproven, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Validation};
use ring::signature::{self as proven, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::de::DeserializeOwned;

/// The claims of a token that this key has signed and that is as `validation` demands.
pub fn claims<T: DeserializeOwned>(token: &str, key: &DecodingKey, validation: &Validation) -> Option<T> {
    install();
    jsonwebtoken::decode(token, key, validation).ok().map(|data| data.claims)
}

/// Makes it the way in which this process checks signatures.
fn install() {
    static ONCE: Once = Once::new();
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: no_signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    ONCE.call_once(|| {
        // Refused only where somebody was faster, who is then asked.
        let _ = PROVIDER.install_default();
    });
}

struct Check {
    algorithm: Algorithm,
    key: DecodingKey,
}

/// Tokens are checked here and made elsewhere.
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
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Unproven> {
        match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                let parameters = rsa(self.algorithm).ok_or_else(Unproven::new)?;
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
                _ => return Err(Unproven::new()),
            },
        }
        .map_err(|_| Unproven::new())
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
