//! Sessions: signing in with a password, reading the session, signing out.
//!
//! - **Called by** its own page and by any browser with an account.
//! - **Reads** the account, one row; with a session its row and its account's, two.
//! - **Writes** a session and the end of the request's previous session, in one transaction; signing out ends a
//!   session, signing out everywhere increments the account's generation.
//! - **Answers** the session with its CSRF token and cookie. An unknown name, a wrong password and an unconfirmed
//!   address get the same answer after the same Argon2 work. The charge of a right password is refunded in the
//!   transaction that creates its session.
//! - **Twice:** signing in twice creates two sessions, and the second ends the first if it sends its cookie;
//!   signing out twice finds no session.

mod entry;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method};
use shared::app::SharedApp;
use shared::auth::{Routes, Session, session};
use shared::http::{Answer, Failure, HtmlPage, JsonBody, RateLimitCharge};
use shared::rate_limit::class::{AUTH, AUTH_ADDRESS};

/// The page of signing in and out.
const PAGE: HtmlPage =
    HtmlPage { title: "Sign in", body: include_str!("page.html"), script: include_str!("page.js") };

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("sign-in")
        .on(Method::GET, "/api/auth/sign-in", page)
        .on(Method::POST, "/api/auth/sign-in", sign_in)
        .on(Method::GET, "/api/auth/session", show)
        .on(Method::POST, "/api/auth/sign-out", sign_out)
        .on(Method::POST, "/api/auth/sign-out-everywhere", sign_out_everywhere)
        .into_router(app)
}

async fn page() -> HtmlPage {
    PAGE
}

async fn sign_in(
    State(app): State<SharedApp>,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, Failure> {
    session::configured(&app)?;
    let entry = entry::Entry::read(&app, &body)?;
    let charged =
        rate_limit_charge.charge_account(&app, (&AUTH_ADDRESS, &AUTH), entry.account.as_str()).await?;
    let authenticated = entry.authenticate(&app).await?;
    let refund = Some((&rate_limit_charge, &charged));
    let (session, cookie) = session::open_refunding(&app, &authenticated, &headers, refund).await?;
    Ok(session.signed_in_response(cookie))
}

async fn show(session: Session) -> Answer {
    Answer::ok(session.to_view())
}

async fn sign_out(
    State(app): State<SharedApp>,
    _: Session,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, Failure> {
    body.object(&[])?;
    session::end(&app, &headers).await?;
    Ok(session::signed_out_response())
}

async fn sign_out_everywhere(
    State(app): State<SharedApp>,
    session: Session,
    body: JsonBody,
) -> Result<Response, Failure> {
    body.object(&[])?;
    session::end_all(&app, &session.account).await?;
    Ok(session::signed_out_response())
}
