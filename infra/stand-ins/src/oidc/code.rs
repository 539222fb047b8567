//! `POST /oidc/token`: exchanges an authorization code for tokens.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Duration, Utc};
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CLIENT_ID, CLIENT_SECRET, FIRST_KEYS, OidcStandIn};
use crate::fault::Operation;

const CODE_LIFETIME_S: i64 = 60;
const ID_TOKEN_LIFETIME_S: i64 = 300;

/// The grant of an authorization code.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) user: String,
    pub(super) redirect_uri: String,
    pub(super) nonce: Option<String>,
    pub(super) challenge: String,
    pub(super) at: DateTime<Utc>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    grant_type: String,
    code: String,
    redirect_uri: String,
    code_verifier: String,
    client_id: String,
    client_secret: String,
}

impl OidcStandIn {
    pub(super) fn grant(&self, grant: Grant) -> String {
        let mut state = self.state();
        state.made += 1;
        let code = format!("code_{:06}", state.made);
        state.codes.insert(code.clone(), grant);
        code
    }

    /// The answer to a token request, or the error of RFC 6749, 5.2.
    fn redeem(&self, headers: &HeaderMap, body: &str) -> Result<Value, &'static str> {
        let form = read(body).ok_or("invalid_request")?;
        let proven = basic(headers).unwrap_or((form.client_id, form.client_secret));
        if proven != (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned()) {
            return Err("invalid_client");
        }
        if form.grant_type != "authorization_code" {
            return Err("unsupported_grant_type");
        }
        // A code is used up by its first exchange, whatever the result.
        let grant = self.state().codes.remove(&form.code).ok_or("invalid_grant")?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form.code_verifier.as_bytes()));
        let is_fresh = self.now() - grant.at < Duration::seconds(CODE_LIFETIME_S);
        if !is_fresh || grant.redirect_uri != form.redirect_uri || grant.challenge != challenge {
            return Err("invalid_grant");
        }
        let answer = json!({
            "access_token": "sandbox_access_token", "token_type": "Bearer", "expires_in": 300,
            "id_token": self.id_token(&grant),
        });
        let changer = self.state().changer.clone();
        Ok(changer.map_or(answer.clone(), |changer| changer(answer)))
    }

    fn id_token(&self, grant: &Grant) -> String {
        let now = self.now().timestamp();
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": FIRST_KEYS[0]});
        let mut claims = json!({
            "iss": self.issuer(), "aud": CLIENT_ID, "sub": format!("user_{}", grant.user),
            "iat": now, "exp": now + ID_TOKEN_LIFETIME_S, "nonce": grant.nonce,
        });
        if grant.user != "nobody" {
            claims["role"] = json!(grant.user);
        }
        let forger = self.state().forger.clone();
        forger.map_or_else(|| self.sign(&header, &claims), |forger| forger(header.clone(), claims.clone()))
    }
}

pub(super) async fn redeem(State(issuer): State<OidcStandIn>, headers: HeaderMap, body: String) -> Response {
    let act = move |issuer: &OidcStandIn| match issuer.redeem(&headers, &body) {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err("invalid_client") => refusal(StatusCode::UNAUTHORIZED, "invalid_client"),
        Err(error) => refusal(StatusCode::BAD_REQUEST, error),
    };
    issuer.respond(Operation::Codes, act).await
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({"error": error}))).into_response()
}

/// A form is written as a query is.
fn read(body: &str) -> Option<Form> {
    let uri: Uri = format!("/?{body}").parse().ok()?;
    Query::<Form>::try_from_uri(&uri).ok().map(|query| query.0)
}

/// The client's name and secret from `Authorization: Basic`, each of them form-encoded (RFC 6749, 2.3.1).
/// The sandbox's have no character that this would change.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}
