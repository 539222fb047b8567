//! The issuer's keys. Those of P-256 and Ed25519 are derived from their names; the RSA key stands in a
//! file, because making one takes seconds. Nothing here is secret: the keys are good for the sandbox only.

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

/// The key of a name, as a JWKS shows it.
pub(super) fn jwk(kid: &str) -> Value {
    if kid.starts_with("rs-") {
        let key: RsaPublicKeyComponents<Vec<u8>> = rsa_key().public().into();
        let (n, e) = (BASE64.encode(key.n), BASE64.encode(key.e));
        return json!({"kty": "RSA", "alg": "RS256", "use": "sig", "kid": kid, "n": n, "e": e});
    }
    if kid.starts_with("ed-") {
        let x = BASE64.encode(ed_key(kid).public_key());
        return json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": kid, "x": x});
    }
    let point = ec_key(kid).verifying_key().to_encoded_point(false);
    // An uncompressed point is one tag byte and two coordinates of 32 bytes.
    let (x, y) = point.as_bytes()[1..].split_at(32);
    let (x, y) = (BASE64.encode(x), BASE64.encode(y));
    json!({"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": x, "y": y})
}

/// Signs as the header says.
pub(super) fn sign(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| BASE64.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let kid = header["kid"].as_str().unwrap_or("es-1");
    let signature = signature(header["alg"].as_str().unwrap_or_default(), kid, message.as_bytes());
    format!("{message}.{}", BASE64.encode(signature))
}

fn signature(alg: &str, kid: &str, message: &[u8]) -> Vec<u8> {
    match alg {
        "none" => Vec::new(),
        "RS256" => rsa_signature(&RSA_PKCS1_SHA256, message),
        "PS256" => rsa_signature(&RSA_PSS_SHA256, message),
        "EdDSA" => ed_key(kid).sign(message).as_ref().to_vec(),
        // What everybody knows, in place of a secret.
        "HS256" => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &public_bytes(kid));
            hmac::sign(&key, message).as_ref().to_vec()
        }
        _ => {
            let signature: Signature = ec_key(kid).sign(message);
            signature.to_bytes().to_vec()
        }
    }
}

fn rsa_signature(encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
    let key = rsa_key();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(encoding, &SystemRandom::new(), message, &mut signature).expect("a key of the sandbox signs");
    signature
}

fn public_bytes(kid: &str) -> Vec<u8> {
    if kid.starts_with("rs-") {
        return rsa_key().public().as_ref().to_vec();
    }
    ec_key(kid).verifying_key().to_encoded_point(false).as_bytes().to_vec()
}

fn rsa_key() -> rsa::KeyPair {
    RsaKeyPair::from_pkcs8(RSA_KEY).expect("the sandbox's key is one")
}

fn ed_key(kid: &str) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&seed(kid)).expect("any 32 bytes are a seed")
}

fn ec_key(kid: &str) -> SigningKey {
    SigningKey::from_slice(&seed(kid)).expect("a digest is below the order of P-256, but for one in 2^32")
}

fn seed(kid: &str) -> Vec<u8> {
    digest(&SHA256, format!("justonce sandbox issuer key {kid}").as_bytes()).as_ref().to_vec()
}
