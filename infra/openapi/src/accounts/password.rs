//! New passwords.

use schemars::JsonSchema;
use serde_json::json;
use shared::domain::kernel::message::Language;
use shared::views::accounts::outcome::OutcomeView;
use shared::views::accounts::session::SessionView;

use super::sign_in::session;
use crate::input::{Email, NewPassword, never_null};
use crate::operation::{Function, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "password",
        about: "New passwords.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![
            post("/api/auth/password/forgot", "forgotPassword")
                .summary("Anyone: request a link that sets a new password.")
                .about("The answer is the same whether or not there is an account, and a mail goes out in either \
                     case: a link that works for an hour, or that there is no account.")
                .twice("a second mail; its link makes the first void.")
                .body::<ForgotInput>(json!({"email": "customer@example.com", "language": "es"}))
                .answer::<OutcomeView>(
                    202,
                    "Taken on. The next step is in a mail to that address.",
                    json!({"outcome": "mail_sent"}),
                )
                .fails(&["InvalidAccount", "Changed"]),
            get("/api/auth/password/reset", "resetPage")
                .summary("Anyone: the page that sets a new password.")
                .about("The token stands behind the `#` of the link, which no server sees; opening the page uses \
                     nothing up.")
                .twice("the same page, with a new nonce; nothing changes."),
            post("/api/auth/password/reset", "resetPassword")
                .summary("Anyone with a link: set a new password.")
                .about("Every session of the account ends. The link proves the mailbox, so it confirms the \
                     address too.")
                .twice("the second is refused like any link that does not work; of two at once one wins.")
                .body::<ResetInput>(json!({
                    "token": "0Xq3v9rT5mZc8sKfL1yWjB7uPd2hNgAeRi4oVtCxE6M",
                    "password": "correct horse battery staple",
                }))
                .answer::<OutcomeView>(200, "The password is set.", json!({"outcome": "password_set"}))
                .fails(&["InvalidLink", "Changed"]),
            post("/api/auth/password/change", "changePassword")
                .summary("Signed in: change the password.")
                .about("Every session of the account ends, and this one goes on under a new id. Accounts whose \
                     password is not kept here, of staff and of single sign-on, are refused.")
                .twice("refused, because the old password is the old one no more.")
                .body::<ChangeInput>(json!({
                    "old_password": "correct horse battery staple", "new_password": "another horse battery staple",
                }))
                .answer::<SessionView>(200, "The password is set; the session that goes on.", session())
                .with_header("Set-Cookie", "SessionCookie")
                .fails(&["InvalidAccount", "AccountConflict"]),
        ],
    }
}

/// The address of the account.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct ForgotInput {
    /// The address.
    pub email: Email,
    /// The language of the mail; English by default.
    pub language: Option<Language>,
}

/// A link for a new password, and the password.
#[derive(JsonSchema)]
pub struct ResetInput {
    /// The token of the link, after its `#`.
    #[schemars(length(max = 254))]
    pub token: String,
    /// The new password.
    pub password: NewPassword,
}

/// The old password and the new one.
#[derive(JsonSchema)]
pub struct ChangeInput {
    /// The one that counts now.
    #[schemars(length(min = 1, max = 1024))]
    pub old_password: String,
    /// The new password.
    pub new_password: NewPassword,
}
