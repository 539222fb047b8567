//! New passwords: by a mailed link if the old one is forgotten, or with the old one in a session.
//!
//! - **Called by** the sign-in page; the link in the mail opens the page of this function.
//! - **Reads** the account, one row; with a link its row too; with a session its row.
//! - **Writes** a link and the account's pointer to it, in one transaction. A new password is written together
//!   with the use of its link, the next generation of the account's sessions, and an audit entry.
//! - **Answers** 202 with the same text, whether or not there is an account: only the mail differs. After a
//!   change the caller gets a new session, and all others end.
//! - **Twice:** a second link invalidates the first; a link works once, also for two concurrent requests; a
//!   repeated change is refused, because the old password is no longer valid.

mod change;

use axum::Router;
use axum::extract::State;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;
use shared::auth::links::Links;
use shared::auth::password::password_field;
use shared::domain::kernel::account::EmailAddress;
use shared::http::body::{language_field, text_field};
use shared::http::{Answer, Failure, HtmlPage, JsonBody, RateLimitCharge};
use shared::rate_limit::class::{RESET, RESET_ADDRESS};
use shared::store::keys::AccountKey;
use shared::views::accounts::outcome::{AccountOutcome, OutcomeView};

/// The longest email address; tokens are shorter.
const MAX_TEXT_CHARS: usize = 254;

/// The page that the link of a password reset opens.
const PAGE: HtmlPage = HtmlPage {
    title: "Choose a new password",
    body: include_str!("page.html"),
    script: include_str!("page.js"),
};

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("password")
        .on(Method::POST, "/api/auth/password/forgot", forgot)
        .on(Method::GET, "/api/auth/password/reset", page)
        .on(Method::POST, "/api/auth/password/reset", reset)
        .on(Method::POST, "/api/auth/password/change", change::change)
        .into_router(app)
}

async fn page() -> HtmlPage {
    PAGE
}

async fn forgot(
    State(app): State<SharedApp>,
    rate_limit_charge: RateLimitCharge,
    body: JsonBody,
) -> Result<Answer, Failure> {
    let links = Links::of(&app)?;
    let object = body.object(&["email", "language"])?;
    let address = EmailAddress::read(text_field(object, "email", MAX_TEXT_CHARS)?);
    let address = address.map_err(|error| Failure::field("email", error.to_string()))?;
    let account = AccountKey::email(&address);
    rate_limit_charge.charge_account(&app, (&RESET_ADDRESS, &RESET), account.as_str()).await?;
    links.forgot(&account, &address, language_field(object)?).await?;
    Ok(Answer::accepted(OutcomeView { outcome: AccountOutcome::MailSent }))
}

async fn reset(State(app): State<SharedApp>, body: JsonBody) -> Result<Answer, Failure> {
    let links = Links::of(&app)?;
    let object = body.object(&["token", "password"])?;
    let token = text_field(object, "token", MAX_TEXT_CHARS)?;
    links.reset(token, password_field(object, "password")?).await?;
    Ok(Answer::ok(OutcomeView { outcome: AccountOutcome::PasswordSet }))
}
