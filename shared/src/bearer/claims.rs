//! Validates the claims of a verified token: audience, expiry, subject, role and company.

use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

use super::Bearer;
use crate::config::BearerIssuer;
use crate::domain::kernel::account::Role;
use crate::domain::kernel::id::CompanyId;
use crate::providers::tokens::Times;

/// A longer subject, or one with other characters, is replaced by its hash.
const MAX_PLAIN_SUBJECT_BYTES: usize = 64;

/// The limit of OpenID Connect.
const MAX_SUBJECT_BYTES: usize = 255;

/// The caller in the claims, if they are meant for us and valid now.
pub(super) fn bearer(
    claims: &Map<String, Value>,
    issuer: &BearerIssuer,
    now: DateTime<Utc>,
) -> Option<Bearer> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_ours = text("iss")? == issuer.issuer && is_for(claims.get("aud")?, issuer);
    if !is_ours || !Times::read(claims)?.are_valid(now) {
        return None;
    }
    Some(Bearer {
        subject: subject(&issuer.issuer, text("sub")?)?,
        role: role(claims.get(&issuer.role_claim)?, issuer)?,
        company: CompanyId::parse(text(&issuer.company_claim)?).ok()?,
    })
}

/// Whether the token is meant for us only. A list may hold our audience and the issuer's own (some issuers add
/// their user-info address). Any other service in the list could pass on to us the tokens that it receives. `azp`
/// does not help: it names who requested the token and not who sends it.
fn is_for(audience: &Value, issuer: &BearerIssuer) -> bool {
    let base = issuer.issuer.trim_end_matches('/');
    let is_ours = |entry: &Value| entry.as_str() == Some(&issuer.audience);
    let is_issuers = |entry: &Value| {
        let rest = entry.as_str().and_then(|entry| entry.strip_prefix(base));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match audience {
        Value::Array(entries) => {
            entries.iter().any(is_ours) && entries.iter().all(|entry| is_ours(entry) || is_issuers(entry))
        }
        single => is_ours(single),
    }
}

/// The first role in the claim that maps to one of ours.
fn role(claim: &Value, issuer: &BearerIssuer) -> Option<Role> {
    let ours = |word: &str| {
        if issuer.roles.is_empty() { Role::parse(word) } else { issuer.roles.get(word).copied() }
    };
    match claim {
        Value::String(word) => ours(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).find_map(ours),
        _ => None,
    }
}

/// A subject is unique only within its issuer, so the id starts with a hash of the issuer. A subject that may be
/// an email address, or that does not fit a table key, is hashed too. A plain subject contains no `.`, and `.`
/// has no meaning in a key of the table, so every caller can be a party to a booking.
fn subject(issuer: &str, subject: &str) -> Option<String> {
    if subject.is_empty() || subject.len() > MAX_SUBJECT_BYTES {
        return None;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-|".contains(c);
    let issuer = short_hash(issuer);
    if subject.len() <= MAX_PLAIN_SUBJECT_BYTES && subject.chars().all(plain) {
        return Some(format!("{issuer}:{subject}"));
    }
    let hash = hex::encode(digest(&SHA256, subject.as_bytes()));
    Some(format!("{issuer}:.{hash}"))
}

fn short_hash(text: &str) -> String {
    hex::encode(&digest(&SHA256, text.as_bytes()).as_ref()[..6])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::kernel::party::CustomerId;

    fn issuer(roles: Value) -> BearerIssuer {
        let issuer = json!({
            "issuer": "https://login.example.com/", "audience": "justonce",
            "jwks_url": "https://login.example.com/keys", "roles": roles,
        });
        serde_json::from_value(issuer).unwrap()
    }

    #[test]
    fn an_audience_is_ours_alone_or_ours_beside_the_issuers() {
        let issuer = issuer(json!({}));
        let own = "https://login.example.com/userinfo";
        for ours in [json!("justonce"), json!(["justonce"]), json!(["justonce", own])] {
            assert!(is_for(&ours, &issuer), "{ours}");
        }
        for foreign in [
            json!(null),
            json!(""),
            json!([]),
            json!("other"),
            json!([own]),
            json!(own),
            json!(["justonce", "other"]),
            json!(["justonce", "https://login.example.com.evil.example/"]),
            json!(["justonce", 1]),
            json!({"justonce": true}),
        ] {
            assert!(!is_for(&foreign, &issuer), "{foreign}");
        }
    }

    #[test]
    fn a_role_is_one_of_ours_or_mapped_to_one() {
        let (plain, mapped) = (issuer(json!({})), issuer(json!({"admin": "owner", "books": "accountant"})));
        assert_eq!(role(&json!("owner"), &plain), Some(Role::Owner));
        assert_eq!(role(&json!(["staff", "accountant", "owner"]), &plain), Some(Role::Accountant));
        assert_eq!(role(&json!(["x", 1, "books", "admin"]), &mapped), Some(Role::Accountant));
        for unknown in [json!(null), json!(""), json!("Owner"), json!([]), json!({"owner": true}), json!(1)] {
            assert_eq!(role(&unknown, &plain), None, "{unknown}");
        }
        assert_eq!(role(&json!("owner"), &mapped), None, "a map leaves nothing else");
    }

    #[test]
    fn a_subject_is_short_plain_and_no_mail_address() {
        let plain = subject("https://a.example", "auth0|5f7c").unwrap();
        assert!(plain.ends_with(":auth0|5f7c") && plain.len() == 12 + 1 + 10, "{plain}");
        assert!(CustomerId::parse(&plain).is_ok());
        assert_ne!(plain, subject("https://b.example", "auth0|5f7c").unwrap());
        for odd in ["canary@example.com", "a b", "a\nb", "é", "#x", &"x".repeat(65)] {
            let hashed = subject("https://a.example", odd).unwrap();
            assert!(CustomerId::parse(&hashed).is_ok(), "{hashed}");
            assert!(hashed.len() == 12 + 2 + 64 && !hashed.contains(odd), "{hashed}");
        }
        assert_eq!(subject("i", ""), None);
        assert_eq!(subject("i", &"x".repeat(256)), None);
    }
}
