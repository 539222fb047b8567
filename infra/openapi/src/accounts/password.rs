//! Passwords: forgotten, reset and changed.

use schemars::JsonSchema;
use serde_json::json;
use shared::domain::kernel::message::Language;
use shared::views::accounts::outcome::OutcomeView;
use shared::views::accounts::session::SessionView;

use super::sign_in::session;
use crate::input::{Email, NewPassword, never_null};
use crate::operation::{Function, Operation, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "password",
        about: "Passwords: forgotten, reset and changed.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![forgot_password(), reset_page(), reset_password(), change_password()],
    }
}

fn forgot_password() -> Operation {
    post("/api/auth/password/forgot", "forgotPassword")
        .summary("Anyone: request a link for a new password.")
        .about(
            "An email is sent in either case: with a link that is valid for one hour, or with the \
             information that there is no account. The response does not reveal whether the account exists.",
        )
        .twice("A second email is sent, and its link invalidates the first.")
        .body::<ForgotInput>(json!({"email": "customer@example.com", "language": "es"}))
        .answer::<OutcomeView>(
            202,
            "The request was accepted. An email to the address contains the next step.",
            json!({"outcome": "mail_sent"}),
        )
        .fails(&["InvalidAccount", "Changed"])
}

fn reset_page() -> Operation {
    get("/api/auth/password/reset", "resetPage")
        .summary("Anyone: open the page of a link for a new password.")
        .about(
            "The token is in the fragment of the link, after the `#`, which is not sent to the server. \
             Opening the page does not use it up.",
        )
        .twice("The same page is returned, with a new nonce. Nothing changes.")
}

fn reset_password() -> Operation {
    post("/api/auth/password/reset", "resetPassword")
        .summary("Anyone with a link: set a new password.")
        .about(
            "Ends all sessions of the account. Because the link was sent by email, it also confirms the \
             address.",
        )
        .twice(
            "The second request is refused like any invalid link. Of two concurrent requests, one succeeds.",
        )
        .body::<ResetInput>(json!({
            "token": "0Xq3v9rT5mZc8sKfL1yWjB7uPd2hNgAeRi4oVtCxE6M",
            "password": "correct horse battery staple",
        }))
        .answer::<OutcomeView>(200, "The new password is in effect.", json!({"outcome": "password_set"}))
        .fails(&["InvalidLink", "Changed"])
}

fn change_password() -> Operation {
    post("/api/auth/password/change", "changePassword")
        .summary("Signed in: change the password.")
        .about(
            "Ends all other sessions of the account; this one continues with a new ID. Staff accounts and \
             accounts of single sign-on are refused, because their passwords are not managed here.",
        )
        .twice("The second request is refused, because the old password is no longer valid.")
        .body::<ChangeInput>(json!({
            "old_password": "correct horse battery staple", "new_password": "another horse battery staple",
        }))
        .answer::<SessionView>(200, "The new password is in effect. The session that continues.", session())
        .with_header("Set-Cookie", "SessionCookie")
        .fails(&["InvalidAccount", "AccountConflict"])
}

/// The account whose password was forgotten.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct ForgotInput {
    /// The email address of the account.
    pub email: Email,
    /// The language of the email; English if omitted.
    pub language: Option<Language>,
}

/// The token of a password link, and the new password.
#[derive(JsonSchema)]
pub struct ResetInput {
    /// The token from the link: the part after the `#`.
    #[schemars(length(max = 254))]
    pub token: String,
    /// The new password of the account.
    pub password: NewPassword,
}

/// The current password and the new one.
#[derive(JsonSchema)]
pub struct ChangeInput {
    /// The current password of the account.
    #[schemars(length(min = 1, max = 1024))]
    pub old_password: String,
    /// The new password of the account.
    pub new_password: NewPassword,
}
