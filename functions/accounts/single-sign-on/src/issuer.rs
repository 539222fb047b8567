//! The issuer: its endpoints and the requests to them.

use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use chrono::{DateTime, Duration, Utc};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType, CoreProviderMetadata,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError,
};
use shared::config::Oidc;
use shared::http::Failure;
use shared::providers::client::read_within;
use shared::providers::tokens::keys::KeySet;
use tokio::sync::Mutex;

use crate::authorization_request::AuthorizationRequest;
use crate::essential;
use crate::identity::{self, Identity, UNVERIFIED};
use crate::tokens::Protocol;
use crate::transport::{self, MAX_ANSWER_BYTES, NoAnswer, TIMEOUT};

/// Endpoints change rarely; keys are cached equally long.
const MAX_AGE_HOURS: i64 = 12;

/// While the issuer does not answer, the cached metadata stays in use and is requested at most this often.
const COOLDOWN_SECONDS: i64 = 30;

/// Our client registration at the issuer.
pub(crate) struct Client<'a> {
    pub(crate) oidc: &'a Oidc,
    pub(crate) redirect_url: String,
}

/// The issuer's cached metadata, for the life of the process.
pub(crate) struct Issuer {
    http: reqwest::Client,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: CoreProviderMetadata,
    keys: KeySet,
    fetched_at: DateTime<Utc>,
    tried_at: DateTime<Utc>,
}

impl Known {
    /// Whether the metadata is fresh or in cool-down. A time in the future comes from another clock.
    fn is_usable(&self, now: DateTime<Utc>) -> bool {
        let within = |at: DateTime<Utc>, length: Duration| at <= now && now - at < length;
        within(self.fetched_at, Duration::hours(MAX_AGE_HOURS))
            || within(self.tried_at, Duration::seconds(COOLDOWN_SECONDS))
    }
}

impl Issuer {
    pub(crate) fn new(http: reqwest::Client) -> Self {
        Self { http, known: Mutex::new(None) }
    }

    /// The authorization URL for the browser, and the started sign-in for its cookie.
    pub(crate) async fn begin(
        &self,
        client: &Client<'_>,
        now: DateTime<Utc>,
    ) -> Result<(String, AuthorizationRequest), Failure> {
        let known = self.known(client.oidc, now).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let protocol = protocol(&known.metadata, client)?;
        let request = protocol.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let (url, state, nonce) = request.set_pkce_challenge(challenge).url();
        Ok((url.into(), AuthorizationRequest::new(state.secret(), nonce.secret(), verifier.secret(), now)))
    }

    /// Exchanges the authorization code and returns the person's identity.
    pub(crate) async fn redeem(
        &self,
        client: &Client<'_>,
        code: &str,
        authorization_request: &AuthorizationRequest,
        now: DateTime<Utc>,
    ) -> Result<Identity, Failure> {
        let known = self.known(client.oidc, now).await?;
        let token = self.exchange(&known, client, code, authorization_request).await?;
        identity::verify(&token, client.oidc, &known.keys, authorization_request, now).await
    }

    async fn exchange(
        &self,
        known: &Known,
        client: &Client<'_>,
        code: &str,
        authorization_request: &AuthorizationRequest,
    ) -> Result<String, Failure> {
        let protocol = protocol(&known.metadata, client)?;
        let request = protocol.exchange_code(AuthorizationCode::new(code.to_owned()));
        let request = request.map_err(|_| unavailable("the issuer names no token endpoint"))?;
        let request =
            request.set_pkce_verifier(PkceCodeVerifier::new(authorization_request.verifier.clone()));
        let (http, found) = (self.http.clone(), Arc::new(StdMutex::new(None)));
        let token = found.clone();
        let send = move |request| {
            let (http, found) = (http.clone(), found.clone());
            async move {
                let (answer, id_token) = essential::token_answer(transport::send(http, request).await?);
                *found.lock().unwrap_or_else(PoisonError::into_inner) = id_token;
                Ok::<_, NoAnswer>(answer)
            }
        };
        request.request_async(&send).await.map_err(|error| match error {
            RequestTokenError::ServerResponse(error) => refusal(error.error()),
            RequestTokenError::Request(NoAnswer) => unavailable("the issuer does not answer"),
            // The library's error contains the body, which may hold a token.
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => UNVERIFIED,
        })?;
        token.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(UNVERIFIED)
    }

    /// Keeps the lock during the request, so that concurrent calls cause one request.
    async fn known(&self, oidc: &Oidc, now: DateTime<Utc>) -> Result<Known, Failure> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.is_usable(now)) {
            return Ok(known.clone());
        }
        match (self.discover(oidc).await, known.as_mut()) {
            (Some(metadata), _) => {
                let keys = KeySet::at(self.http.clone(), metadata.jwks_uri().as_str());
                let fresh = Known { metadata, keys, fetched_at: now, tried_at: now };
                Ok(known.insert(fresh).clone())
            }
            (None, Some(old)) => {
                old.tried_at = now;
                Ok(old.clone())
            }
            (None, None) => Err(unavailable("the issuer's discovery document cannot be had")),
        }
    }

    async fn discover(&self, oidc: &Oidc) -> Option<CoreProviderMetadata> {
        let url = format!("{}/.well-known/openid-configuration", oidc.issuer.trim_end_matches('/'));
        let response = self.http.get(url).timeout(TIMEOUT).send().await.ok()?.error_for_status().ok()?;
        let body = read_within(response, MAX_ANSWER_BYTES).await?;
        let metadata = essential::metadata(&body)?;
        is_its_own(&metadata, oidc).then_some(metadata)
    }
}

/// Whether the document belongs to the configured issuer and all its URLs use TLS.
fn is_its_own(metadata: &CoreProviderMetadata, oidc: &Oidc) -> bool {
    let endpoints = [
        Some(metadata.authorization_endpoint().as_str()),
        metadata.token_endpoint().map(|url| url.as_str()),
        Some(metadata.jwks_uri().as_str()),
    ];
    let is_safe = |url: &str| url.starts_with("https://") || !oidc.issuer.starts_with("https://");
    metadata.issuer().as_str() == oidc.issuer && endpoints.into_iter().flatten().all(is_safe)
}

fn protocol(metadata: &CoreProviderMetadata, client: &Client<'_>) -> Result<Protocol, Failure> {
    let secret = ClientSecret::new(client.oidc.client_secret.clone());
    let redirect_url = RedirectUrl::new(client.redirect_url.clone())
        .map_err(|_| unavailable("PUBLIC_BASE_URL is no URL"))?;
    let id = ClientId::new(client.oidc.client_id.clone());
    let protocol = Protocol::from_provider_metadata(metadata.clone(), id, Some(secret));
    Ok(protocol.set_redirect_uri(redirect_url).set_auth_type(auth_type(metadata)))
}

/// The secret goes into the header, unless the issuer supports only the body.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let takes =
        |method| metadata.token_endpoint_auth_methods_supported().is_some_and(|all| all.contains(&method));
    if takes(CoreClientAuthMethod::ClientSecretPost) && !takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::RequestBody
    } else {
        AuthType::BasicAuth
    }
}

/// Maps a refused exchange: our client is wrong, or the code is.
fn refusal(error: &CoreErrorResponseType) -> Failure {
    match error {
        CoreErrorResponseType::InvalidGrant => {
            Failure::Unauthorized("The issuer rejected the authorization code. Start again.")
        }
        _ => unavailable("the issuer refuses our client"),
    }
}

/// 503: single sign-on does not work right now.
pub(crate) fn unavailable(reason: &str) -> Failure {
    Failure::Unavailable { detail: "The issuer cannot be reached. Try again.", reason: reason.to_owned() }
}
