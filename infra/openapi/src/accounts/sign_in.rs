//! Sessions of browsers.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::EmptyView;
use shared::views::accounts::session::SessionView;

use crate::operation::{Function, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "sign-in",
        about: "Sessions of browsers.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![
            get("/api/auth/sign-in", "signInPage")
                .summary("Anyone: the sign-in page.")
                .about("A page without framework. What it does are the requests below.")
                .twice("the same page, with a new nonce; nothing changes."),
            post("/api/auth/sign-in", "signIn")
                .summary("Anyone: sign in with a name and a password.")
                .about("Staff accounts by their name, all others by their mail address. An unknown name, a wrong \
                     password and an unconfirmed address are one answer. The session comes as a cookie \
                     under a new id; a session whose cookie the request bears ends in the same step. It ends 30 \
                     minutes after it was last used, and 12 hours after signing in whatever happens.")
                .twice("a second session under another id, which ends the first where the request bears its cookie.")
                .body::<SignInInput>(json!({"username": "provider", "password": "correct horse battery staple"}))
                .answer::<SessionView>(200, "Signed in.", session())
                .with_header("Set-Cookie", "SessionCookie")
                .fails(&["InvalidAccount", "WrongPassword", "Changed"]),
            get("/api/auth/session", "readSession")
                .summary("Signed in: get the session.")
                .about("Who is signed in, until when, and the token that changing requests bear in `x-csrf-token`.")
                .twice("the same question again; nothing changes but when the session would end unused.")
                .answer::<SessionView>(200, "The session.", session())
                .fails(&["TableUnavailable"]),
            post("/api/auth/sign-out", "signOut")
                .summary("Signed in: end this session.")
                .about("The session ends here and not only in the browser.")
                .twice("the second finds no session and answers 401.")
                .body::<EmptyView>(json!({}))
                .optional()
                .answer::<EmptyView>(200, "Signed out.", json!({}))
                .with_header("Set-Cookie", "ExpiredCookie")
                .fails(&["InvalidAccount", "TableUnavailable"]),
            post("/api/auth/sign-out-everywhere", "signOutEverywhere")
                .summary("Signed in: end every session of this account.")
                .about("All sessions of the account end, this one among them.")
                .twice("the second finds no session and answers 401.")
                .body::<EmptyView>(json!({}))
                .optional()
                .answer::<EmptyView>(200, "Signed out everywhere.", json!({}))
                .with_header("Set-Cookie", "ExpiredCookie")
                .fails(&["InvalidAccount", "TableUnavailable"]),
        ],
    }
}

pub(super) fn session() -> Value {
    json!({
        "account": {"account_id": "staff:provider", "role": "provider", "company_id": "biz_a1B2c3"},
        "csrf_token": "m9Yq1cM4vK0s7pVb3nTzQwXe5rUo8iLhDfGjKaSzC2E", "created_at": "2026-07-21T09:00:00.000Z",
        "expires_at": "2026-07-21T21:00:00.000Z", "idle_expires_at": "2026-07-21T09:30:00.000Z",
    })
}

/// Who signs in.
#[derive(JsonSchema)]
pub struct SignInInput {
    /// The name of a staff account, or a mail address.
    #[schemars(length(min = 1, max = 254))]
    pub username: String,
    /// At most 256 characters after Unicode normalisation (NFC).
    #[schemars(length(min = 1, max = 1024))]
    pub password: String,
}
