//! `GET /oidc/authorize`: the issuer's sign-in page. It has no passwords: a link chooses the user, and the
//! query parameter `sandbox_user` chooses at once.

use axum::extract::{Query, RawQuery, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use super::code::Grant;
use super::{CLIENT_ID, OidcStandIn};

/// The users: one for each role of the staff, one without a role, and one that denies the sign-in.
const USERS: [&str; 5] = ["provider", "developer", "accountant", "nobody", "turns_back"];

#[derive(Deserialize)]
pub(super) struct Authorization {
    response_type: String,
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(default)]
    code_challenge: Option<String>,
    #[serde(default)]
    code_challenge_method: Option<String>,
    #[serde(default)]
    sandbox_user: Option<String>,
}

impl Authorization {
    /// A real issuer redirects to registered addresses only; the sandbox knows the path but not the port.
    fn is_ours(&self) -> bool {
        let returns = self.redirect_uri.parse::<Uri>();
        self.client_id == CLIENT_ID
            && self.response_type == "code"
            && self.scope.split(' ').any(|scope| scope == "openid")
            && returns.is_ok_and(|uri| uri.path() == "/api/auth/oidc/callback" && uri.query().is_none())
    }
}

pub(super) async fn authorize(
    State(issuer): State<OidcStandIn>,
    RawQuery(raw): RawQuery,
    Query(asked): Query<Authorization>,
) -> Response {
    if !asked.is_ours() {
        return (StatusCode::BAD_REQUEST, "this is no request of the sandbox's client").into_response();
    }
    let Some(user) = asked.sandbox_user else {
        return Html(page(&raw.unwrap_or_default())).into_response();
    };
    // RFC 7636: the challenge comes with its method, and this issuer takes no other than S256.
    let is_bound = asked.code_challenge.is_some() && asked.code_challenge_method.as_deref() == Some("S256");
    let outcome = match (user.as_str(), is_bound) {
        ("turns_back", _) => "error=access_denied".to_owned(),
        (_, false) => "error=invalid_request".to_owned(),
        _ => {
            let grant = Grant {
                user,
                redirect_uri: asked.redirect_uri.clone(),
                nonce: asked.nonce,
                challenge: asked.code_challenge.unwrap_or_default(),
                at: issuer.now(),
            };
            format!("code={}", issuer.grant(grant))
        }
    };
    let (back, state) = (asked.redirect_uri, encoded(&asked.state));
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{back}?{outcome}&state={state}"))]).into_response()
}

fn page(query: &str) -> String {
    let query = query.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let link = |user| format!("<li><a href=\"?{query}&amp;sandbox_user={user}\">{user}</a></li>");
    let links: String = USERS.into_iter().map(link).collect();
    format!("<!doctype html><title>Sandbox issuer</title><h1>Who are you?</h1><ul>{links}</ul>")
}

fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
