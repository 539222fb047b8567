//! Single sign-on with OpenID Connect: authorization code flow with PKCE.
//!
//! - **Called by** the browsers of staff, from the sign-in page and after the return from the issuer.
//! - **Reads** the issuer's discovery document, its keys and its answer to a code; the generation of
//!   the account's sessions.
//! - **Writes** a session. The data of a started sign-in is stored encrypted in a cookie, which binds it to the
//!   browser and needs no row.
//! - **Answers** the URL of the issuer, the callback page, and the account with the session's cookie.
//! - **Twice:** a second start replaces the first. A code works once: after the first answer the cookie is
//!   deleted, and the issuer refuses the code.

mod authorization_request;
mod essential;
mod identity;
mod issuer;
mod tokens;
mod transport;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, header};
use shared::app::{App, SharedApp};
use shared::auth::Routes;
use shared::auth::session::{self, AuthenticatedAccount, not_configured};
use shared::http::{Answer, Failure, HtmlPage, JsonBody};
use shared::store::keys::AccountKey;
use shared::views::accounts::outcome::AuthorizationUrlView;

use authorization_request::AuthorizationRequest;
use issuer::{Client, Issuer};

const CALLBACK: &str = "/api/auth/oidc/callback";

/// Longer texts from the issuer are refused.
const MAX_FIELD_CHARS: usize = 4_096;

/// The callback page. It sends a `POST`, because a link must not sign anybody in.
const PAGE: HtmlPage = HtmlPage {
    title: "Signing in",
    body: "<p><a href=\"/api/auth/sign-in\">Back to the sign-in page</a></p>\n",
    script: include_str!("callback.js"),
};

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let issuer = Arc::new(Issuer::new(app.http.clone()));
    let (starting, finishing) = (issuer.clone(), issuer);
    Routes::of("single-sign-on")
        .on(Method::POST, "/api/auth/oidc/start", move |State(app): State<SharedApp>, body: JsonBody| {
            let issuer = starting.clone();
            async move { start(&app, &issuer, &body).await }
        })
        .on(Method::GET, CALLBACK, || async { PAGE })
        .on(
            Method::POST,
            CALLBACK,
            move |State(app): State<SharedApp>, headers: HeaderMap, body: JsonBody| {
                let issuer = finishing.clone();
                async move { finish(&app, &issuer, &headers, &body).await }
            },
        )
        .into_router(app)
}

async fn start(app: &App, issuer: &Issuer, body: &JsonBody) -> Result<Response, Failure> {
    body.object(&[])?;
    let client = client(app)?;
    let now = app.clock.now();
    let (url, authorization_request) = issuer.begin(&client, now).await?;
    let mut response = Answer::ok(AuthorizationUrlView { authorization_url: url }).into_response();
    response.headers_mut().append(header::SET_COOKIE, authorization_request.cookie(&app.config.vault)?);
    Ok(response)
}

/// Finishes the sign-in and deletes its cookie, except after a transient failure, which can be retried.
async fn finish(app: &App, issuer: &Issuer, headers: &HeaderMap, body: &JsonBody) -> Response {
    let outcome = sign_in(app, issuer, headers, body).await;
    let is_retryable = outcome.as_ref().is_err_and(Failure::is_transient);
    let mut response = outcome.into_response();
    if !is_retryable {
        response.headers_mut().append(header::SET_COOKIE, authorization_request::expired_cookie());
    }
    response
}

async fn sign_in(
    app: &App,
    issuer: &Issuer,
    headers: &HeaderMap,
    body: &JsonBody,
) -> Result<Response, Failure> {
    let client = client(app)?;
    session::configured(app)?;
    let returned = Returned::read(body)?;
    let now = app.clock.now();
    let authorization_request = AuthorizationRequest::of(headers, &app.config.vault, now)
        .filter(|authorization_request| authorization_request.is_state(returned.state));
    let authorization_request = authorization_request.ok_or(Failure::Unauthorized(
        "This sign-in was not started in this browser, or too long ago. Start again.",
    ))?;
    let code = returned.code(client.oidc)?;
    let identity = issuer.redeem(&client, code, &authorization_request, now).await?;
    let account = AccountKey::oidc(&client.oidc.issuer, &identity.subject);
    let generation = app.store()?.generation(&account).await?.ok_or(identity::NOT_ADMITTED)?;
    let company = app.config.platform_company.clone().ok_or_else(|| not_configured("PLATFORM_COMPANY_ID"))?;
    let authenticated = AuthenticatedAccount { account, role: identity.role, company, generation };
    let (session, cookie) = session::open(app, &authenticated, headers).await?;
    Ok(session.signed_in_response(cookie))
}

/// The issuer's answer, as the browser returns it.
struct Returned<'a> {
    state: &'a str,
    code: Option<&'a str>,
    error: Option<&'a str>,
    issuer: Option<&'a str>,
}

impl<'a> Returned<'a> {
    fn read(body: &'a JsonBody) -> Result<Self, Failure> {
        let object = body.object(&["code", "state", "error", "iss"])?;
        let text = |field: &str| match object.get(field) {
            None => Ok(None),
            Some(value) => {
                let fits = |text: &&str| !text.is_empty() && text.len() <= MAX_FIELD_CHARS;
                value.as_str().filter(fits).map(Some).ok_or_else(|| Failure::field(field, "expected a text"))
            }
        };
        let state = text("state")?.ok_or_else(|| Failure::field("state", "expected a text"))?;
        Ok(Self { state, code: text("code")?, error: text("error")?, issuer: text("iss")? })
    }

    /// The code; fails if the issuer refused, or if the answer names another issuer (RFC 9207).
    fn code(&self, oidc: &shared::config::Oidc) -> Result<&'a str, Failure> {
        if self.issuer.is_some_and(|issuer| issuer != oidc.issuer) {
            return Err(Failure::Unauthorized("The answer comes from another issuer. Start again."));
        }
        match (self.error, self.code) {
            (Some("temporarily_unavailable" | "server_error"), _) => {
                Err(issuer::unavailable("the issuer reports an error of its own"))
            }
            (Some(_), _) => Err(Failure::Forbidden("The issuer refused the sign-in, or you cancelled it.")),
            (None, Some(code)) => Ok(code),
            (None, None) => Err(Failure::field("code", "expected a text")),
        }
    }
}

fn client(app: &App) -> Result<Client<'_>, Failure> {
    let oidc = app.config.oidc.as_ref().ok_or_else(|| not_configured("OIDC_ISSUER"))?;
    let base = app.config.public_base_url.as_ref().ok_or_else(|| not_configured("PUBLIC_BASE_URL"))?;
    Ok(Client { oidc, redirect_url: format!("{base}{CALLBACK}") })
}
