//! Signing in with a password, and browser sessions.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::views::EmptyView;
use shared::views::accounts::session::SessionView;

use crate::operation::{Function, Operation, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "sign-in",
        about: "Signing in with a password, and browser sessions.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![sign_in_page(), sign_in(), read_session(), sign_out(), sign_out_everywhere()],
    }
}

fn sign_in_page() -> Operation {
    get("/api/auth/sign-in", "signInPage")
        .summary("Anyone: open the page for signing in and out.")
        .about("An HTML page without a framework, which uses the operations below.")
        .twice("The same page is returned, with a new nonce. Nothing changes.")
}

fn sign_in() -> Operation {
    post("/api/auth/sign-in", "signIn")
        .summary("Anyone: sign in with a name and a password.")
        .about(
            "Staff accounts use their name, all others their email address. An unknown name, a wrong \
             password and an unconfirmed address get the same response. The new session is returned as a \
             cookie; a session whose cookie the request contains ends in the same step. A session ends 30 \
             minutes after its last use, and at the latest 12 hours after signing in.",
        )
        .twice("A second session is created. It ends the first if the request contains its cookie.")
        .body::<SignInInput>(json!({"username": "provider", "password": "correct horse battery staple"}))
        .answer::<SessionView>(200, "The new session.", session())
        .with_header("Set-Cookie", "SessionCookie")
        .fails(&["InvalidAccount", "WrongPassword", "Changed"])
}

fn read_session() -> Operation {
    get("/api/auth/session", "readSession")
        .summary("Signed in: read the current session.")
        .about(
            "Returns the account, when the session ends, and the CSRF token for requests that are not GET.",
        )
        .twice("The request can be repeated. Each use postpones the end of an unused session.")
        .answer::<SessionView>(200, "The current session.", session())
        .fails(&["TableUnavailable"])
}

fn sign_out() -> Operation {
    post("/api/auth/sign-out", "signOut")
        .summary("Signed in: end this session.")
        .about("Ends the session on the server and deletes its cookie.")
        .twice("The second request finds no session and is answered with 401.")
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<EmptyView>(200, "The session has ended.", json!({}))
        .with_header("Set-Cookie", "ExpiredCookie")
        .fails(&["InvalidAccount", "TableUnavailable"])
}

fn sign_out_everywhere() -> Operation {
    post("/api/auth/sign-out-everywhere", "signOutEverywhere")
        .summary("Signed in: end every session of this account.")
        .about("Ends all sessions of the account, including the current one.")
        .twice("The second request finds no session and is answered with 401.")
        .body::<EmptyView>(json!({}))
        .optional()
        .answer::<EmptyView>(200, "All sessions of the account have ended.", json!({}))
        .with_header("Set-Cookie", "ExpiredCookie")
        .fails(&["InvalidAccount", "TableUnavailable"])
}

pub(super) fn session() -> Value {
    json!({
        "account": {"account_id": "staff:provider", "role": "provider", "company_id": "biz_a1B2c3"},
        "csrf_token": "m9Yq1cM4vK0s7pVb3nTzQwXe5rUo8iLhDfGjKaSzC2E", "created_at": "2026-07-21T09:00:00.000Z",
        "expires_at": "2026-07-21T21:00:00.000Z", "idle_expires_at": "2026-07-21T09:30:00.000Z",
    })
}

/// The credentials of an account.
#[derive(JsonSchema)]
pub struct SignInInput {
    /// The name of a staff account, or the email address of any other account.
    #[schemars(length(min = 1, max = 254))]
    pub username: String,
    /// The password, at most 256 characters after Unicode normalization (NFC).
    #[schemars(length(min = 1, max = 1024))]
    pub password: String,
}
