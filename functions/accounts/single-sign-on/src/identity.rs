//! Who an id token proves, and as what. Only what decides is read, after the signature has proven it: `iss`,
//! `aud`, `azp`, the times as [`Times`] has them, `nonce`, `sub` and the claim that names the role (OpenID
//! Connect Core, 3.1.3.7). Every other claim may have whatever form its issuer likes: Auth0 writes `updated_at` as a text,
//! Cognito and Apple write `email_verified` as one.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};
use shared::config::Oidc;
use shared::domain::kernel::account::Role;
use shared::http::Failure;
use shared::providers::tokens::keys::KeySet;
use shared::providers::tokens::{Times, TokenError, header, signature};

use crate::authorization_request::AuthorizationRequest;
use crate::issuer::unavailable;

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
    Failure::Unauthorized("What the issuer answered does not prove who you are. Begin again.");

/// An id token with many claims is long; longer than this it is not one.
pub(crate) const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// OpenID Connect allows 255 and no more.
const MAX_SUBJECT_BYTES: usize = 255;

/// Whom the token proves to this client, in answer to what was begun.
pub(crate) async fn prove(
    token: &str,
    oidc: &Oidc,
    keys: &KeySet,
    authorization_request: &AuthorizationRequest,
    now: DateTime<Utc>,
) -> Result<Identity, Failure> {
    let header = header::read(token, MAX_TOKEN_BYTES).map_err(|_| UNPROVEN)?;
    if header.is_access_token {
        return Err(UNPROVEN);
    }
    let keys = keys.named(header.kid.as_deref(), now).await.map_err(|error| match error {
        TokenError::Invalid => UNPROVEN,
        TokenError::KeysUnavailable => unavailable("the issuer's keys cannot be had"),
    })?;
    let verifiers: Vec<DecodingKey> =
        keys.iter().filter_map(|key| header::verifier(key, header.alg)).collect();
    // Without a name there must be no choice (OpenID Connect Core, 10.1).
    if header.kid.is_none() && verifiers.len() != 1 {
        return Err(UNPROVEN);
    }
    let proven = verifiers.iter().find_map(|key| read(token, header.alg, oidc, key)).ok_or(UNPROVEN)?;
    let subject = subject(&proven, oidc, &authorization_request.nonce, now).ok_or(UNPROVEN)?;
    let role = proven.get(&oidc.role_claim).and_then(role).ok_or(NOT_ADMITTED)?;
    Ok(Identity { subject: subject.to_owned(), role })
}

/// The claims that this key has signed. Time is checked by our clock, so the library's own is left out of it.
fn read(token: &str, alg: Algorithm, oidc: &Oidc, key: &DecodingKey) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(alg);
    validation.validate_exp = false;
    validation.set_issuer(&[&oidc.issuer]);
    validation.set_audience(&[&oidc.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    signature::claims(token, key, &validation)
}

/// The subject, if the claims are for this client, hold now, and answer what was begun.
fn subject<'c>(
    claims: &'c Map<String, Value>,
    oidc: &Oidc,
    nonce: &str,
    now: DateTime<Utc>,
) -> Option<&'c str> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_ours = text("iss")? == oidc.issuer
        && is_for(claims.get("aud")?, &oidc.client_id)
        && text("nonce")? == nonce
        && claims.get("azp").is_none_or(|party| party.is_null() || party.as_str() == Some(&oidc.client_id));
    let is_valid = Times::read(claims)?.are_valid_without_leeway(now);
    let subject = text("sub").filter(|subject| (1..=MAX_SUBJECT_BYTES).contains(&subject.len()))?;
    (is_ours && is_valid).then_some(subject)
}

/// Whether the audience is this client alone: a token for others too could be handed on by them.
fn is_for(audience: &Value, client_id: &str) -> bool {
    match audience {
        Value::String(one) => one == client_id,
        Value::Array(all) => !all.is_empty() && all.iter().all(|one| one.as_str() == Some(client_id)),
        _ => false,
    }
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
