//! A started sign-in, whose data the browser returns encrypted in a cookie.

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, header};
use ring::hmac;
use serde::{Deserialize, Serialize};
use shared::http::Failure;
use shared::json;
use shared::vault::Vault;

/// The prefix makes browsers accept the cookie only from this host, over TLS and for all paths, so that no
/// sibling domain can set one.
const COOKIE: &str = "__Host-oidc";

/// Long enough to sign in at the issuer, second factor included.
const LIVES_MINUTES: i64 = 10;

/// Binds the encrypted text to this purpose, so that no other one can replace it.
const SEAL_CONTEXT: &str = "single-sign-on:authorization-request";

/// The data of a started sign-in.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    state: String,
    /// Must be repeated in the id token.
    pub(crate) nonce: String,
    /// The PKCE verifier, which only the browser of the start has.
    pub(crate) verifier: String,
    expires_at: DateTime<Utc>,
}

impl AuthorizationRequest {
    pub(crate) fn new(state: &str, nonce: &str, verifier: &str, now: DateTime<Utc>) -> Self {
        Self {
            state: state.to_owned(),
            nonce: nonce.to_owned(),
            verifier: verifier.to_owned(),
            expires_at: now + Duration::minutes(LIVES_MINUTES),
        }
    }

    /// The started sign-in of the request's browser, if it has not expired. `None` for two cookies: one is not
    /// ours.
    pub(crate) fn of(headers: &HeaderMap, vault: &Vault, now: DateTime<Utc>) -> Option<Self> {
        // Other cookies may hold any bytes.
        let values = headers.get_all(header::COOKIE).iter();
        let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let pairs =
            texts.iter().flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut sealed = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        let only = sealed.next().filter(|_| sealed.next().is_none())?;
        let authorization_request: Self = json::read_trusted(&vault.open(SEAL_CONTEXT, only).ok()?).ok()?;
        (authorization_request.expires_at > now).then_some(authorization_request)
    }

    /// Compares in constant time.
    pub(crate) fn is_state(&self, state: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
        hmac::verify(&key, state.as_bytes(), hmac::sign(&key, self.state.as_bytes()).as_ref()).is_ok()
    }

    pub(crate) fn cookie(&self, vault: &Vault) -> Result<HeaderValue, Failure> {
        let plain = serde_json::to_vec(self).map_err(|error| Failure::Internal(error.to_string()))?;
        let sealed = vault.seal(SEAL_CONTEXT, &plain)?;
        let seconds = Duration::minutes(LIVES_MINUTES).num_seconds();
        let cookie = format!("{COOKIE}={sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
        HeaderValue::from_str(&cookie).map_err(|_| Failure::Internal("no cookie".to_owned()))
    }
}

/// A `Set-Cookie` value that deletes the cookie.
pub(crate) fn expired_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-oidc=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
