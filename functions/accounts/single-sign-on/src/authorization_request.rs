//! A sign-in that was begun: what the browser has to bring back, sealed in its cookie.

use chrono::{DateTime, Duration, Utc};
use http::{HeaderMap, HeaderValue, header};
use ring::hmac;
use serde::{Deserialize, Serialize};
use shared::http::Failure;
use shared::json;
use shared::vault::Vault;

/// With this prefix browsers take the cookie only from this very host, over TLS, for all of its paths:
/// no neighbour of the domain can plant a sign-in of its own.
const COOKIE: &str = "__Host-oidc";

/// Long enough to sign in at the issuer, second factor included.
const LIVES_MINUTES: i64 = 10;

/// Where the sealed text belongs: no other sealed text of ours opens as one of these.
const PLACE: &str = "single-sign-on:begun";

/// What a sign-in began with.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    state: String,
    /// What the id token has to repeat.
    pub(crate) nonce: String,
    /// What only the browser that began can prove to have begun with (PKCE).
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

    /// What the request's browser began, if it is not over. Two cookies are none: one is not ours.
    pub(crate) fn of(headers: &HeaderMap, vault: &Vault, now: DateTime<Utc>) -> Option<Self> {
        // Somebody else's cookie beside ours may hold any bytes.
        let values = headers.get_all(header::COOKIE).iter();
        let texts: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        let pairs =
            texts.iter().flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut sealed = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
        let only = sealed.next().filter(|_| sealed.next().is_none())?;
        let authorization_request: Self = json::read_trusted(&vault.open(PLACE, only).ok()?).ok()?;
        (authorization_request.expires_at > now).then_some(authorization_request)
    }

    /// Compares in a time that tells nothing about where they differ.
    pub(crate) fn is_state(&self, state: &str) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
        hmac::verify(&key, state.as_bytes(), hmac::sign(&key, self.state.as_bytes()).as_ref()).is_ok()
    }

    /// The cookie that carries it.
    pub(crate) fn cookie(&self, vault: &Vault) -> Result<HeaderValue, Failure> {
        let plain = serde_json::to_vec(self).map_err(|error| Failure::Internal(error.to_string()))?;
        let sealed = vault.seal(PLACE, &plain)?;
        let seconds = Duration::minutes(LIVES_MINUTES).num_seconds();
        let cookie = format!("{COOKIE}={sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
        HeaderValue::from_str(&cookie).map_err(|_| Failure::Internal("no cookie".to_owned()))
    }
}

/// A cookie that takes the browser's away.
pub(crate) fn expired_cookie() -> HeaderValue {
    HeaderValue::from_static("__Host-oidc=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
