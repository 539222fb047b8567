//! Binds a session to its CSRF token, and a staff session to the credentials in the environment.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::HeaderMap;
use ring::hmac;

use crate::config::Config;
use crate::store::accounts::session::SessionRow;
use crate::store::keys::AccountKey;

/// The CSRF token of a session under the newest secret; `None` if no secret is set, which makes all sessions
/// invalid.
pub(super) fn csrf_token(config: &Config, id_hash: &str) -> Option<String> {
    Some(sign(config.session_secrets.first()?, &csrf_text(id_hash)))
}

/// Whether the header occurs once and holds the session's token.
pub(super) fn is_csrf_token(config: &Config, id_hash: &str, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all("x-csrf-token").iter();
    let Some(Ok(token)) = values.next().map(|value| value.to_str()) else { return false };
    values.next().is_none() && is_signed(config, &csrf_text(id_hash), token)
}

/// A keyed hash of a staff account's current credentials; `None` for any other account.
pub(super) fn fingerprint(config: &Config, account: &AccountKey) -> Option<String> {
    Some(sign(config.session_secrets.first()?, &staff_text(config, account)?))
}

/// Whether a staff account's credentials are still those of the sign-in.
pub(super) fn is_unchanged(config: &Config, row: &SessionRow) -> bool {
    if row.account.staff_role().is_none() {
        return true;
    }
    let now = staff_text(config, &row.account).zip(row.fingerprint.as_deref());
    now.is_some_and(|(text, fingerprint)| is_signed(config, &text, fingerprint))
}

fn csrf_text(id_hash: &str) -> String {
    format!("csrf:{id_hash}")
}

/// The name is preceded by its length, so that the boundary of name and password is unambiguous.
fn staff_text(config: &Config, account: &AccountKey) -> Option<String> {
    let role = account.staff_role()?;
    let staff = config.staff.iter().find(|staff| staff.role == role)?;
    Some(format!("staff:{}:{}{}", staff.username.len(), staff.username, staff.password))
}

/// An HMAC and not a bare hash: a reader of the table could test passwords against a bare hash.
fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    BASE64.encode(hmac::sign(&key, text.as_bytes()))
}

/// Tries every secret; the time does not reveal which one matches.
fn is_signed(config: &Config, text: &str, signature: &str) -> bool {
    let Ok(signature) = BASE64.decode(signature) else { return false };
    config.session_secrets.iter().fold(false, |signed, secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hmac::verify(&key, text.as_bytes(), &signature).is_ok() | signed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(secrets: &str) -> Config {
        Config::read(|name| (name == "SESSION_SECRET").then(|| secrets.to_owned())).unwrap()
    }

    fn headers_with(tokens: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for token in tokens {
            headers.append("x-csrf-token", token.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_its_own_sessions_and_outlives_a_rotation() {
        let (old, both) = (config("the-older-secret-1"), config("the-newest-secret-2, the-older-secret-1"));
        let token = csrf_token(&old, "hash").unwrap();
        assert!(is_csrf_token(&both, "hash", &headers_with(&[&token])));
        assert!(!is_csrf_token(&both, "other", &headers_with(&[&token])));
        assert!(!is_csrf_token(&config("the-newest-secret-2"), "hash", &headers_with(&[&token])));
        for wrong in [&[][..], &[""], &["x"], &[&token, &token], &[&format!("{token}A")]] {
            assert!(!is_csrf_token(&both, "hash", &headers_with(wrong)), "{wrong:?}");
        }
        assert_eq!(csrf_token(&config(""), "hash"), None);
    }
}
