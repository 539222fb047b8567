//! Tokens and their signing keys. Keys of P-256 and Ed25519 are derived from their names, and signatures
//! follow RFC 6979, so a token has the same text in every run; the RSA key is read from a file, because
//! generating one takes seconds. Nothing here is secret: the keys are valid in the sandbox only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{
    Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
    RsaPublicKeyComponents,
};
use ring::{hmac, rsa};
use serde_json::{Value, json};

const RSA_KEY: &[u8] = include_bytes!("sandbox_rsa.der");

/// The keys of one provider. A key's name determines its kind (`rs-…`, `ed-…`, any other is P-256).
pub(crate) struct TokenKeys {
    /// The purpose; keys of the same name differ by it.
    pub(crate) purpose: &'static str,
}

impl TokenKeys {
    /// The key set of these names.
    pub(crate) fn jwks<'k>(&self, kids: impl IntoIterator<Item = &'k str>) -> Value {
        json!({"keys": kids.into_iter().map(|kid| self.jwk(kid)).collect::<Vec<_>>()})
    }

    /// The token of any header and claims, signed with the key of that name.
    pub(crate) fn sign(&self, alg: &str, kid: &str, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        format!("{message}.{}", BASE64.encode(self.signature(alg, kid, message.as_bytes())))
    }

    /// The key of a name, as a JWKS shows it.
    fn jwk(&self, kid: &str) -> Value {
        if kid.starts_with("rs-") {
            let key: RsaPublicKeyComponents<Vec<u8>> = rsa_key().public().into();
            let (n, e) = (BASE64.encode(key.n), BASE64.encode(key.e));
            return json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": n, "e": e});
        }
        if kid.starts_with("ed-") {
            let x = BASE64.encode(self.ed_key(kid).public_key());
            return json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x});
        }
        let point = self.ec_key(kid).verifying_key().to_encoded_point(false);
        // An uncompressed point is one tag byte and two coordinates of 32 bytes.
        let (x, y) = point.as_bytes()[1..].split_at(32);
        let (x, y) = (BASE64.encode(x), BASE64.encode(y));
        json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y})
    }

    fn signature(&self, alg: &str, kid: &str, message: &[u8]) -> Vec<u8> {
        match alg {
            "none" => Vec::new(),
            "RS256" => rsa_signature(&RSA_PKCS1_SHA256, message),
            "PS256" => rsa_signature(&RSA_PSS_SHA256, message),
            "EdDSA" => self.ed_key(kid).sign(message).as_ref().to_vec(),
            // The public key, which forged tokens use as a shared secret.
            "HS256" => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &self.public_bytes(kid));
                hmac::sign(&key, message).as_ref().to_vec()
            }
            _ => {
                let signature: Signature = self.ec_key(kid).sign(message);
                signature.to_bytes().to_vec()
            }
        }
    }

    fn public_bytes(&self, kid: &str) -> Vec<u8> {
        if kid.starts_with("rs-") {
            return rsa_key().public().as_ref().to_vec();
        }
        self.ec_key(kid).verifying_key().to_encoded_point(false).as_bytes().to_vec()
    }

    fn ed_key(&self, kid: &str) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed(kid)).expect("any 32 bytes are a seed")
    }

    fn ec_key(&self, kid: &str) -> SigningKey {
        SigningKey::from_slice(&self.seed(kid))
            .expect("a digest is below the order of P-256, but for one in 2^32")
    }

    fn seed(&self, kid: &str) -> Vec<u8> {
        digest(&SHA256, format!("justonce sandbox {} {kid}", self.purpose).as_bytes()).as_ref().to_vec()
    }
}

fn rsa_signature(encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let key = rsa_key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("a key of the sandbox signs");
    signature
}

fn rsa_key() -> rsa::KeyPair {
    RsaKeyPair::from_pkcs8(RSA_KEY).expect("the sandbox's key is one")
}
