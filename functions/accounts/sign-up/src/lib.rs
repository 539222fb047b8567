//! New accounts of customers and professionals, and the confirmation of their addresses.
//!
//! - **Called by** a browser without a session; the link in the mail opens the page of this function.
//! - **Reads** the account, one row; with a link its row too.
//! - **Writes** a link, the account unless it is confirmed already, and an audit entry, in one transaction.
//!   Confirming uses the link and changes its account in one transaction.
//! - **Answers** 202 with the same text, whether or not there is an account: only the mail differs. The valid
//!   password is that of the sign-up whose link was opened, so a stranger cannot set it.
//! - **Twice:** a second sign-up sends a second link and invalidates the first, or tells the owner that the
//!   account exists; a link works once, also for two concurrent requests.

use axum::Router;
use axum::extract::State;
use http::Method;
use serde_json::{Map, Value};
use shared::app::SharedApp;
use shared::auth::Routes;
use shared::auth::links::{Links, SignUp};
use shared::auth::password::{self, password_field};
use shared::domain::kernel::account::{EmailAddress, Role};
use shared::http::body::{language_field, text_field};
use shared::http::{Answer, Failure, HtmlPage, JsonBody};
use shared::views::accounts::outcome::{AccountOutcome, OutcomeView};

/// The longest email address; tokens are shorter.
const MAX_TEXT_CHARS: usize = 254;

/// The roles of self-registered accounts; all other accounts are set up by the platform.
const ROLES: [Role; 2] = [Role::Customer, Role::Professional];

/// The page that the confirmation link opens.
const PAGE: HtmlPage = HtmlPage {
    title: "Confirm your address",
    body: include_str!("page.html"),
    script: include_str!("page.js"),
};

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("sign-up")
        .on(Method::POST, "/api/auth/sign-up", sign_up)
        .on(Method::GET, "/api/auth/confirm", page)
        .on(Method::POST, "/api/auth/confirm", confirm)
        .into_router(app)
}

async fn page() -> HtmlPage {
    PAGE
}

async fn sign_up(State(app): State<SharedApp>, body: JsonBody) -> Result<Answer, Failure> {
    let links = Links::of(&app)?;
    let object = body.object(&["email", "password", "role", "language"])?;
    let address = EmailAddress::read(text_field(object, "email", MAX_TEXT_CHARS)?);
    let address = address.map_err(|error| Failure::field("email", error.to_string()))?;
    let password = password_field(object, "password")?;
    password::check_new(&app, "password", password, Some(&address))?;
    let (role, language) = (role(object)?, language_field(object)?);
    let sign_up = SignUp { address: &address, role, password_hash: password::hash(password).await? };
    links.sign_up(&sign_up, language).await?;
    Ok(Answer::accepted(OutcomeView { outcome: AccountOutcome::MailSent }))
}

async fn confirm(State(app): State<SharedApp>, body: JsonBody) -> Result<Answer, Failure> {
    let links = Links::of(&app)?;
    let object = body.object(&["token", "password"])?;
    let token = text_field(object, "token", MAX_TEXT_CHARS)?;
    links.confirm(token, password_field(object, "password")?).await?;
    Ok(Answer::ok(OutcomeView { outcome: AccountOutcome::Confirmed }))
}

fn role(object: &Map<String, Value>) -> Result<Role, Failure> {
    let role = object.get("role").and_then(Value::as_str).and_then(Role::parse);
    let role = role.filter(|role| ROLES.contains(role));
    role.ok_or_else(|| Failure::field("role", "expected customer or professional"))
}
