//! Who an id token proves, and as what.

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{CoreJsonWebKey, CoreJwsSigningAlgorithm};
use openidconnect::{ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce};
use serde_json::Value;
use shared::config::Oidc;
use shared::domain::account::Role;
use shared::http::Failure;
use shared::providers::tokens::keys::Keys;
use shared::providers::tokens::{TokenError, header};

use crate::begun::Begun;
use crate::issuer::unavailable;
use crate::tokens::{Claims, Token};

/// Who signed in at the issuer.
pub(crate) struct Identity {
    /// Its name there, which is nobody else's.
    pub(crate) subject: String,
    /// What it may do here.
    pub(crate) role: Role,
}

/// Known to the issuer and not to us; which of our rules says so is nobody's business.
pub(crate) const NOT_ADMITTED: Failure = Failure::Forbidden("This account may not sign in here.");

/// The issuer's answer does not prove who it is about.
pub(crate) const UNPROVEN: Failure =
    Failure::Unproven("What the issuer answered does not prove who you are. Begin again.");

/// An id token with many claims is long; longer than this it is not one.
pub(crate) const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// Clocks differ a little.
const LEEWAY_SECONDS: i64 = 30;

/// OpenID Connect allows 255 and no more.
const MAX_SUBJECT_BYTES: usize = 255;

/// What may sign: asymmetric algorithms, even where the issuer offers others.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Whom the token proves to this client, in answer to what was begun.
pub(crate) async fn prove(
    token: &Token,
    oidc: &Oidc,
    keys: &Keys,
    begun: &Begun,
    now: DateTime<Utc>,
) -> Result<Identity, Failure> {
    // The library ignores a header that brings its own key; here such a token is refused.
    let text = token.to_string();
    let header = header::read(&text, MAX_TOKEN_BYTES).map_err(|_| UNPROVEN)?;
    let keys = keys.named(header.kid.as_deref(), now).await.map_err(|error| match error {
        TokenError::Invalid => UNPROVEN,
        TokenError::KeysUnavailable => unavailable("the issuer's keys cannot be had"),
    })?;
    let keys = keys.iter().filter(|key| header::verifier(key, header.alg).is_some());
    let keys = keys.filter_map(|key| serde_json::to_value(key).ok());
    let keys: Vec<CoreJsonWebKey> = keys.filter_map(|key| serde_json::from_value(key).ok()).collect();
    let claims = check(token, oidc, JsonWebKeySet::new(keys), begun, now).ok_or(UNPROVEN)?;
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
        return Err(UNPROVEN);
    }
    let role = claims.additional_claims().0.get(&oidc.role_claim).and_then(role).ok_or(NOT_ADMITTED)?;
    Ok(Identity { subject: subject.to_owned(), role })
}

fn check<'a>(
    token: &'a Token,
    oidc: &Oidc,
    keys: JsonWebKeySet<CoreJsonWebKey>,
    begun: &Begun,
    now: DateTime<Utc>,
) -> Option<&'a Claims> {
    let issuer = IssuerUrl::new(oidc.issuer.clone()).ok()?;
    let soon = now + Duration::seconds(LEEWAY_SECONDS);
    let issued = move |at| if at <= soon { Ok(()) } else { Err("issued in the future".to_owned()) };
    // A public client's verifier: it knows no shared secret, so none can sign.
    let verifier = IdTokenVerifier::new_public_client(ClientId::new(oidc.client_id.clone()), issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(issued);
    let claims = token.claims(&verifier, &Nonce::new(begun.nonce.clone())).ok()?;
    // The library leaves `azp` and `nbf` to us. Other audiences than ours it refuses.
    let is_ours = claims.authorized_party().is_none_or(|party| party.as_str() == oidc.client_id);
    let begins = match claims.additional_claims().0.get("nbf") {
        None => true,
        Some(at) => at.as_i64().is_some_and(|at| at <= soon.timestamp()),
    };
    (is_ours && begins).then_some(claims)
}

/// The first staff role of a text or a list. Owners prove themselves at Whop, and customers and
/// professionals have accounts of ours: an issuer of staff cannot make either.
fn role(claim: &Value) -> Option<Role> {
    let staff = |word: &str| {
        Role::parse(word).filter(|role| matches!(role, Role::Provider | Role::Developer | Role::Accountant))
    };
    match claim {
        Value::String(word) => staff(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).find_map(staff),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_issuer_of_staff_makes_staff_only() {
        assert_eq!(role(&json!("provider")), Some(Role::Provider));
        assert_eq!(role(&json!(["owner", 1, "accountant", "developer"])), Some(Role::Accountant));
        for other in
            [json!("owner"), json!("customer"), json!(["professional"]), json!(null), json!([]), json!({})]
        {
            assert_eq!(role(&other), None, "{other}");
        }
    }
}
