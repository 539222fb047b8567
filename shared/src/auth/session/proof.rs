//! What binds a session: its CSRF token to its id, and a staff session to what the environment said.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::HeaderMap;
use ring::hmac;

use crate::config::Config;
use crate::store::accounts::session::SessionRow;
use crate::store::keys::AccountKey;

/// The token of a session, by the newest secret; `None` where no secret is set, and then no session counts.
pub(super) fn csrf_token(config: &Config, id_hash: &str) -> Option<String> {
    Some(sign(config.session_secrets.first()?, &csrf_text(id_hash)))
}

/// Whether the header is there once and holds the session's token.
pub(super) fn is_csrf_token(config: &Config, id_hash: &str, headers: &HeaderMap) -> bool {
    let mut values = headers.get_all("x-csrf-token").iter();
    let Some(Ok(token)) = values.next().map(|value| value.to_str()) else { return false };
    values.next().is_none() && is_signed(config, &csrf_text(id_hash), token)
}

/// What the environment says of a staff account now; `None` for any other account.
pub(super) fn fingerprint(config: &Config, account: &AccountKey) -> Option<String> {
    Some(sign(config.session_secrets.first()?, &staff_text(config, account)?))
}

/// Whether the environment still says of a staff account what it said at sign-in.
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

/// The name's length stands before it, so that nothing moves between name and password unseen.
fn staff_text(config: &Config, account: &AccountKey) -> Option<String> {
    let role = account.staff_role()?;
    let staff = config.staff.iter().find(|staff| staff.role == role)?;
    Some(format!("staff:{}:{}{}", staff.username.len(), staff.username, staff.password))
}

/// Signed and not only hashed: a bare hash in the table would let its reader try passwords.
fn sign(secret: &str, text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    BASE64.encode(hmac::sign(&key, text.as_bytes()))
}

/// Tries every secret in a time that does not tell which of them fits.
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

    fn bearing(tokens: &[&str]) -> HeaderMap {
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
        assert!(is_csrf_token(&both, "hash", &bearing(&[&token])));
        assert!(!is_csrf_token(&both, "other", &bearing(&[&token])));
        assert!(!is_csrf_token(&config("the-newest-secret-2"), "hash", &bearing(&[&token])));
        for wrong in [&[][..], &[""], &["x"], &[&token, &token], &[&format!("{token}A")]] {
            assert!(!is_csrf_token(&both, "hash", &bearing(wrong)), "{wrong:?}");
        }
        assert_eq!(csrf_token(&config(""), "hash"), None);
    }
}
