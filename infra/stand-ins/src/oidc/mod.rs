//! A stand-in for an issuer of OpenID Connect: discovery, keys, authorization codes with PKCE, id tokens, and
//! bearer tokens signed with the same keys.
//!
//! It keeps an issuer's rules: the client authenticates, a code is valid once and for a minute, the redirect
//! address must not change, and PKCE binds the exchange to its start. A test may forge the answers.

mod code;
mod login;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::base::tokens::TokenKeys;
use crate::base::{ProviderState, StandIn};
use crate::fault::Operation;
use crate::outbox::Provider;

/// Our client at the issuer.
pub const CLIENT_ID: &str = "justonce-sandbox";

/// Its secret, good for nothing else.
pub const CLIENT_SECRET: &str = "sandbox-client-secret";

/// The audience of bearer tokens.
pub const AUDIENCE: &str = "justonce-api";

const KEYS: TokenKeys = TokenKeys { purpose: "issuer key" };

/// The keys that are published from the start: one of RSA, one of P-256.
const FIRST_KEYS: [&str; 2] = ["rs-1", "es-1"];

const BEARER_LIFETIME_S: i64 = 3_600;

/// Makes the id token from the header and the claims that an honest one would have.
pub type TokenOverride = Arc<dyn Fn(Value, Value) -> String + Send + Sync>;

/// Changes the answer to a code.
pub type ResponseOverride = Arc<dyn Fn(Value) -> Value + Send + Sync>;

/// An issuer. Its state lasts as long as the process.
pub type OidcStandIn = StandIn<Issuer>;

/// The issued codes and the configured answers.
#[derive(Clone, Default)]
pub struct Issuer {
    address: Option<SocketAddr>,
    codes: HashMap<String, code::Grant>,
    made: u64,
    more_keys: Vec<String>,
    forger: Option<TokenOverride>,
    changer: Option<ResponseOverride>,
    bodies: HashMap<Operation, String>,
}

impl OidcStandIn {
    /// Sets the address; the issuer has a name only from then on.
    pub fn settle(&self, address: SocketAddr) {
        self.state().address.get_or_insert(address);
    }

    /// Its name, the `iss` of its tokens.
    pub fn issuer(&self) -> String {
        self.state().address.map_or_else(String::new, |address| format!("http://{address}/oidc"))
    }

    /// Where its keys are.
    pub fn jwks_url(&self) -> String {
        format!("{}/jwks", self.issuer())
    }

    pub fn router(&self) -> Router {
        Router::new()
            .route("/oidc/.well-known/openid-configuration", get(discovery))
            .route("/oidc/jwks", get(published))
            .route("/oidc/authorize", get(login::authorize))
            .route("/oidc/token", post(code::redeem))
            .with_state(self.clone())
    }

    /// Publishes one more key. Its name determines its kind (`rs-…`, `ed-…`, any other is P-256).
    pub fn publish(&self, kid: &str) {
        self.state().more_keys.push(kid.to_owned());
    }

    /// Lets `forger` write every id token from now on; `None` makes the issuer honest again.
    pub fn forge(&self, forger: Option<TokenOverride>) {
        self.state().forger = forger;
    }

    /// Lets `changer` change every answer to a code from now on, as real issuers differ in them.
    pub fn change_answers(&self, changer: Option<ResponseOverride>) {
        self.state().changer = changer;
    }

    /// Answers `operation` with this body from now on; `None` restores the real answers.
    pub fn answer_with(&self, operation: Operation, body: Option<String>) {
        let mut state = self.state();
        match body {
            Some(body) => drop(state.bodies.insert(operation, body)),
            None => drop(state.bodies.remove(&operation)),
        }
    }

    /// The token of any header and claims. The header's `alg` and `kid` choose the signature: with the key of
    /// that name whether published or not, with a public key as a shared secret (`HS256`), or none (`none`).
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let kid = header["kid"].as_str().unwrap_or(FIRST_KEYS[1]);
        KEYS.sign(header["alg"].as_str().unwrap_or_default(), kid, header, claims)
    }

    /// The claims of a good bearer token.
    pub fn bearer_claims(&self, role: &str, company: &str) -> Value {
        let now = self.now().timestamp();
        json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": format!("client_{role}"), "role": role,
            "company_id": company, "iat": now, "exp": now + BEARER_LIFETIME_S,
        })
    }

    /// A good bearer token.
    pub fn bearer(&self, role: &str, company: &str) -> String {
        let header = json!({"alg": "RS256", "typ": "at+jwt", "kid": FIRST_KEYS[0]});
        self.sign(&header, &self.bearer_claims(role, company))
    }

    fn jwks(&self) -> Value {
        let state = self.state();
        KEYS.jwks(FIRST_KEYS.into_iter().chain(state.more_keys.iter().map(String::as_str)))
    }

    /// Answers with the body that was ordered, and else honestly.
    async fn respond(
        self,
        operation: Operation,
        act: impl FnOnce(&Self) -> Response + Send + 'static,
    ) -> Response {
        let body = self.state().bodies.get(&operation).cloned();
        let Some(body) = body else { return self.answer(operation, None, act).await };
        self.count(operation);
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }
}

impl ProviderState for Issuer {
    const PROVIDER: Provider = Provider::Oidc;

    fn refuse(status: StatusCode, _code: Option<&str>) -> Response {
        (status, Json(json!({"error": "server_error"}))).into_response()
    }
}

async fn discovery(State(issuer): State<OidcStandIn>) -> Response {
    issuer.respond(Operation::Discovery, |issuer| Json(document(&issuer.issuer())).into_response()).await
}

async fn published(State(issuer): State<OidcStandIn>) -> Response {
    issuer.respond(Operation::IssuerKeys, |issuer| Json(issuer.jwks()).into_response()).await
}

fn document(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // As permissive as some issuers are: the client must not accept everything that is offered here.
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA", "HS256", "none"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    })
}
