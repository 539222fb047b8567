//! Whop's user tokens, which authenticate a user by Whop's signature.
//!
//! ES256 only, issuer and audience checked, `aud` a single text.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value, json};

use crate::domain::kernel::id::UserId;
use crate::json;
pub use crate::providers::tokens::TokenError;
use crate::providers::tokens::keys::KeySet;
use crate::providers::tokens::{Times, header, signature};

const ISSUER: &str = "urn:whopcom:exp-proxy";

/// A valid token has a few hundred bytes.
const MAX_TOKEN_BYTES: usize = 4_096;

/// The source of Whop's public keys.
#[derive(Debug, Clone)]
pub enum KeySource {
    Url(String),
    /// One public key from the environment, as a JWK.
    Fixed(String),
}

#[derive(Debug, Clone)]
pub struct UserTokens {
    source: Source,
    app_id: String,
}

#[derive(Debug, Clone)]
enum Source {
    Published(KeySet),
    Fixed(String),
}

/// Why no user token can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum DryRunError {
    KeysUnavailable,
    /// None of the keys is for the algorithm of user tokens.
    NoUsableKey,
    ForgeryAccepted,
}

impl DryRunError {
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl UserTokens {
    /// Verifies tokens for `app_id` with keys from `source`.
    pub fn new(http: reqwest::Client, source: KeySource, app_id: &str) -> Self {
        let source = match source {
            KeySource::Url(url) => Source::Published(KeySet::at(http, &url)),
            KeySource::Fixed(text) => Source::Fixed(text),
        };
        Self { source, app_id: app_id.to_owned() }
    }

    /// Verifies a token and returns its user.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<UserId, TokenError> {
        let header = header::read(token, MAX_TOKEN_BYTES)?;
        if header.alg != Algorithm::ES256 {
            return Err(TokenError::Invalid);
        }
        let keys = self.keys(header.kid.as_deref(), now).await?;
        let verifiers = keys.iter().filter_map(|key| header::verifier(key, Algorithm::ES256));
        let mut claims = verifiers.filter_map(|key| self.read(token, &key));
        let claims = claims.next().ok_or(TokenError::Invalid)?;
        self.user(&claims, now).ok_or(TokenError::Invalid)
    }

    /// Whether tokens can be verified now, without one: the keys are fetched anew, and an expired token without a valid
    /// signature is refused.
    pub async fn dry_run(&self, now: DateTime<Utc>) -> Result<(), DryRunError> {
        let keys = match &self.source {
            Source::Published(keys) => keys.fetch_again().await,
            Source::Fixed(_) => self.keys(None, now).await.ok(),
        };
        let keys = keys.ok_or(DryRunError::KeysUnavailable)?;
        if !keys.iter().any(|key| header::verifier(key, Algorithm::ES256).is_some()) {
            return Err(DryRunError::NoUsableKey);
        }
        match self.verify(&self.forged_token(&keys, now), now).await {
            Err(TokenError::Invalid) => Ok(()),
            Err(TokenError::KeysUnavailable) => Err(DryRunError::KeysUnavailable),
            Ok(_) => Err(DryRunError::ForgeryAccepted),
        }
    }

    /// A token as Whop would write it, expired and signed by nobody.
    fn forged_token(&self, keys: &[Jwk], now: DateTime<Utc>) -> String {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let kid = keys.iter().find_map(|key| key.common.key_id.clone());
        let times = (now.timestamp() - 7_200, now.timestamp() - 3_600);
        let header = part(json!({"alg": "ES256", "typ": "JWT", "kid": kid}));
        let claims = json!({
            "iss": ISSUER, "aud": self.app_id, "sub": "user_health_check", "iat": times.0, "exp": times.1,
        });
        format!("{header}.{}.{}", part(claims), URL_SAFE_NO_PAD.encode([0_u8; 64]))
    }

    /// The user of the claims, if they are for us and valid now.
    fn user(&self, claims: &Map<String, Value>, now: DateTime<Utc>) -> Option<UserId> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        // The library would accept a list that contains our audience.
        let is_ours = text("iss")? == ISSUER && text("aud")? == self.app_id;
        if !is_ours || !Times::read(claims)?.are_valid(now) {
            return None;
        }
        UserId::parse(text("sub")?).ok()
    }

    /// The claims' times are checked with the app's clock, so the library's own check is off.
    fn read(&self, token: &str, key: &DecodingKey) -> Option<Map<String, Value>> {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[&self.app_id]);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        signature::claims(token, key, &validation)
    }

    /// The keys that may have signed: the named one, or all if none is named (older tokens).
    async fn keys(&self, kid: Option<&str>, now: DateTime<Utc>) -> Result<Vec<Jwk>, TokenError> {
        match &self.source {
            Source::Published(keys) => keys.named(kid, now).await,
            Source::Fixed(text) => json::read_trusted(text.as_bytes())
                .map(|key| vec![key])
                .map_err(|_| TokenError::KeysUnavailable),
        }
    }
}
