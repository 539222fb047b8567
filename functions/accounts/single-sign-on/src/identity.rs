//! Verifies an id token and reads its subject and role. Only these claims are read, after the signature is
//! verified: `iss`, `aud`, `azp`, the times as in [`Times`], `nonce`, `sub` and the role's claim (OpenID Connect
//! Core, 3.1.3.7). Every other claim may have any form: Auth0 writes `updated_at` as a text, Cognito and Apple
//! `email_verified`.

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

/// The person who signed in at the issuer.
pub(crate) struct Identity {
    /// The unique id at the issuer.
    pub(crate) subject: String,
    pub(crate) role: Role,
}

/// The issuer knows the person, but our rules refuse them; the answer does not say which rule.
pub(crate) const NOT_ADMITTED: Failure = Failure::Forbidden("This account may not sign in here.");

/// The issuer's answer does not prove an identity.
pub(crate) const UNVERIFIED: Failure =
    Failure::Unauthorized("The issuer's answer does not prove your identity. Start again.");

/// Far more than an id token with many claims has.
pub(crate) const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// The limit of OpenID Connect.
const MAX_SUBJECT_BYTES: usize = 255;

/// Verifies the id token of a sign-in that this browser started.
pub(crate) async fn verify(
    token: &str,
    oidc: &Oidc,
    keys: &KeySet,
    authorization_request: &AuthorizationRequest,
    now: DateTime<Utc>,
) -> Result<Identity, Failure> {
    let header = header::read(token, MAX_TOKEN_BYTES).map_err(|_| UNVERIFIED)?;
    if header.is_access_token {
        return Err(UNVERIFIED);
    }
    let keys = keys.named(header.kid.as_deref(), now).await.map_err(|error| match error {
        TokenError::Invalid => UNVERIFIED,
        TokenError::KeysUnavailable => unavailable("the issuer's keys cannot be had"),
    })?;
    let verifiers: Vec<DecodingKey> =
        keys.iter().filter_map(|key| header::verifier(key, header.alg)).collect();
    // A token without `kid` is accepted only if the issuer has one key (OpenID Connect Core, 10.1).
    if header.kid.is_none() && verifiers.len() != 1 {
        return Err(UNVERIFIED);
    }
    let authenticated =
        verifiers.iter().find_map(|key| read(token, header.alg, oidc, key)).ok_or(UNVERIFIED)?;
    let subject = subject(&authenticated, oidc, &authorization_request.nonce, now).ok_or(UNVERIFIED)?;
    let role = authenticated.get(&oidc.role_claim).and_then(role).ok_or(NOT_ADMITTED)?;
    Ok(Identity { subject: subject.to_owned(), role })
}

/// The claims signed by this key. Their times are checked with our clock, so the library's own check is off.
fn read(token: &str, alg: Algorithm, oidc: &Oidc, key: &DecodingKey) -> Option<Map<String, Value>> {
    let mut validation = Validation::new(alg);
    validation.validate_exp = false;
    validation.set_issuer(&[&oidc.issuer]);
    validation.set_audience(&[&oidc.client_id]);
    validation.set_required_spec_claims(&["iss", "aud", "sub"]);
    signature::claims(token, key, &validation)
}

/// The subject, if the claims are for this client, valid now, and belong to the started sign-in.
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

/// Whether the audience is this client only: other audiences could pass the token on.
fn is_for(audience: &Value, client_id: &str) -> bool {
    match audience {
        Value::String(one) => one == client_id,
        Value::Array(all) => !all.is_empty() && all.iter().all(|one| one.as_str() == Some(client_id)),
        _ => false,
    }
}

/// The first staff role in a text or a list. An issuer of staff cannot grant other roles: owners sign in through
/// Whop, and customers and professionals have accounts of ours.
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
