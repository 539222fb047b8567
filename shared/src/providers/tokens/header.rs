//! Parses a token's header before verification. The header selects one of our allowed algorithms and keys. It
//! cannot introduce anything: no key, no URL of a key, no critical extension.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};

use super::TokenError;
use crate::json::{self, REQUEST};

/// Shorter RSA keys are refused (RFC 7518, 3.3).
const MIN_RSA_BITS: usize = 2_048;

/// The parts of a header that are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// An asymmetric algorithm; `none` and shared secrets are refused.
    pub alg: Algorithm,
    /// The key id, looked up among the issuer's keys only.
    pub kid: Option<String>,
    /// Whether it claims to be an access token (RFC 9068).
    pub is_access_token: bool,
}

/// Parses the header of a token with three parts and at most `max_bytes`.
pub fn read(token: &str, max_bytes: usize) -> Result<Header, TokenError> {
    check_parts(token, max_bytes)?;
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
    let of_a_token = |typ: &String| {
        ["jwt", "at+jwt", "application/at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
    };
    let brings_a_key =
        header.jwk.is_some() || header.jku.is_some() || header.x5u.is_some() || header.x5c.is_some();
    let asks_for_more = header.crit.is_some() || header.enc.is_some() || header.zip.is_some();
    let is_plain = header.typ.as_ref().is_none_or(of_a_token) && !brings_a_key && !asks_for_more;
    if !is_plain || header.alg.family() == AlgorithmFamily::Hmac {
        return Err(TokenError::Invalid);
    }
    let is_access_token = header.typ.as_ref().is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt"));
    Ok(Header { alg: header.alg, kid: header.kid, is_access_token })
}

/// Checks the raw bytes of a token's header and claims before any library parses them: they are untrusted until
/// the signature is verified, and the library parses them first to find the key.
pub fn check_parts(token: &str, max_bytes: usize) -> Result<(), TokenError> {
    let parts: Vec<&str> = token.splitn(4, '.').collect();
    let [header, claims, _signature] = parts[..] else { return Err(TokenError::Invalid) };
    if token.len() > max_bytes {
        return Err(TokenError::Invalid);
    }
    for part in [header, claims] {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Invalid)?;
        json::check(&bytes, REQUEST).map_err(|_| TokenError::Invalid)?;
    }
    Ok(())
}

/// The key as a verifier for this algorithm; `None` if the key is for another one. The token chooses the
/// algorithm, but only among those of the key.
pub fn verifier(key: &Jwk, alg: Algorithm) -> Option<DecodingKey> {
    let common = &key.common;
    let signs = common.public_key_use.as_ref().is_none_or(|kind| *kind == PublicKeyUse::Signature);
    let operations = common.key_operations.as_ref();
    let verifies = operations.is_none_or(|allowed| allowed.contains(&KeyOperations::Verify));
    let agrees = common.key_algorithm.is_none_or(|known| known == KeyAlgorithm::from(alg));
    (signs && verifies && agrees && is_of_kind(key, alg)).then(|| DecodingKey::from_jwk(key).ok())?
}

fn is_of_kind(key: &Jwk, alg: Algorithm) -> bool {
    match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            // Base64 holds six bits per character.
            alg.family() == AlgorithmFamily::Rsa && rsa.n.len() * 6 >= MIN_RSA_BITS
        }
        AlgorithmParameters::EllipticCurve(ec) => match alg {
            Algorithm::ES256 => ec.curve == EllipticCurve::P256,
            Algorithm::ES384 => ec.curve == EllipticCurve::P384,
            _ => false,
        },
        AlgorithmParameters::OctetKeyPair(pair) => {
            alg == Algorithm::EdDSA && pair.curve == EllipticCurve::Ed25519
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::json::tests::on_small_stack;
    use crate::json::tests::stack::hostile;

    fn key(value: Value) -> Jwk {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_key_verifies_what_it_is_for_and_nothing_else() {
        let rsa = json!({"kty": "RSA", "n": "A".repeat(342), "e": "AQAB"});
        let ec = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
        let with = |base: &Value, name: &str, value: Value| {
            let mut changed = base.clone();
            changed[name] = value;
            key(changed)
        };
        assert!(verifier(&key(rsa.clone()), Algorithm::RS256).is_some());
        assert!(verifier(&key(rsa.clone()), Algorithm::PS512).is_some());
        assert!(verifier(&key(ec.clone()), Algorithm::ES256).is_some());
        assert!(verifier(&with(&rsa, "use", json!("sig")), Algorithm::RS256).is_some());
        for (key, alg) in [
            (key(rsa.clone()), Algorithm::ES256),
            (key(rsa.clone()), Algorithm::HS256),
            (key(ec.clone()), Algorithm::ES384),
            (key(ec.clone()), Algorithm::RS256),
            (key(ec), Algorithm::EdDSA),
            (key(json!({"kty": "oct", "k": "AAAA"})), Algorithm::HS256),
            (with(&rsa, "n", json!("A".repeat(171))), Algorithm::RS256),
            (with(&rsa, "alg", json!("PS256")), Algorithm::RS256),
            (with(&rsa, "alg", json!("RSA-OAEP")), Algorithm::RS256),
            (with(&rsa, "use", json!("enc")), Algorithm::RS256),
            (with(&rsa, "key_ops", json!(["encrypt"])), Algorithm::RS256),
        ] {
            assert!(verifier(&key, alg).is_none(), "{alg:?} {key:?}");
        }
    }

    #[test]
    fn every_size_of_every_document_in_a_token_is_refused_on_the_same_small_stack() {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let (header, claims) = (part(r#"{"alg":"RS256"}"#), part(r#"{"sub":"a"}"#));
        for size in [8, 16, 32, 64] {
            for (name, document) in hostile(size) {
                let inside = part(&format!("{{\"sub\":{document}}}"));
                let tokens = [format!("{inside}.{claims}.AA"), format!("{header}.{inside}.AA")];
                let is_hostile = !matches!(name, "many members" | "a long text");
                on_small_stack(move || {
                    for token in tokens {
                        let read = read(&token, usize::MAX);
                        assert!(read.is_err() || !is_hostile, "{name} of {size}");
                    }
                });
            }
        }
    }
}
