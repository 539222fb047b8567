//! New accounts, and the confirmation of their email addresses.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::json;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::message::Language;
use shared::views::accounts::outcome::OutcomeView;
use shared::views::schema::string_enum;

use crate::input::{Email, NewPassword, never_null};
use crate::operation::{Function, Operation, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "sign-up",
        about: "New accounts, and the confirmation of their email addresses.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![sign_up(), confirm_page(), confirm_address()],
    }
}

fn sign_up() -> Operation {
    post("/api/auth/sign-up", "signUp")
        .summary("Anyone: create an account.")
        .about(
            "A new address gets an email with a link for its confirmation, which is valid for 24 hours. If \
             the account exists, it is not changed, and its owner is informed by email. The response does \
             not reveal whether the account exists. After several sign-ups the password is that of the \
             sign-up whose link is used.",
        )
        .twice("A second email is sent, and its link invalidates the first.")
        .body::<SignUpInput>(json!({
            "email": "customer@example.com", "password": "correct horse battery staple", "role": "customer",
            "language": "en",
        }))
        .answer::<OutcomeView>(
            202,
            "The request was accepted. An email to the address contains the next step.",
            json!({"outcome": "mail_sent"}),
        )
        .fails(&["InvalidAccount", "Changed"])
}

fn confirm_page() -> Operation {
    get("/api/auth/confirm", "confirmPage")
        .summary("Anyone: open the page of a confirmation link.")
        .about(
            "The token is in the fragment of the link, after the `#`, which is not sent to the server. \
             Opening the page does not use it up.",
        )
        .twice("The same page is returned, with a new nonce. Nothing changes.")
}

fn confirm_address() -> Operation {
    post("/api/auth/confirm", "confirmAddress")
        .summary("Anyone with a link: confirm an email address.")
        .about("The account can then sign in with the password of its sign-up.")
        .twice(
            "The second request is refused like any invalid link. Of two concurrent requests, one succeeds.",
        )
        .body::<ConfirmInput>(json!({
            "token": "0Xq3v9rT5mZc8sKfL1yWjB7uPd2hNgAeRi4oVtCxE6M",
            "password": "correct horse battery staple",
        }))
        .answer::<OutcomeView>(200, "The address is confirmed.", json!({"outcome": "confirmed"}))
        .fails(&["InvalidLink", "Changed"])
}

/// The account to create.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct SignUpInput {
    /// The email address of the account.
    pub email: Email,
    /// The password of the account.
    pub password: NewPassword,
    /// The role of the account. All other roles are assigned by the operator.
    #[schemars(schema_with = "open_roles")]
    pub role: Role,
    /// The language of the email; English if omitted.
    pub language: Option<Language>,
}

fn open_roles(_: &mut SchemaGenerator) -> Schema {
    string_enum(&[Role::Customer, Role::Professional])
}

/// The token of a confirmation link, and the password of the sign-up that it belongs to. Both are required,
/// so that only a person who chose the password and reads the email opens the account.
#[derive(JsonSchema)]
pub struct ConfirmInput {
    /// The token from the link: the part after the `#`.
    #[schemars(length(max = 254))]
    pub token: String,
    /// The password that was chosen in that sign-up.
    #[schemars(length(max = 1024))]
    pub password: String,
}
