//! New accounts, and the proof of their addresses.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::json;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::message::Language;
use shared::views::accounts::outcome::OutcomeView;
use shared::views::schema::words;

use crate::input::{Email, NewPassword, never_null};
use crate::operation::{Function, get, post};

pub(super) fn function() -> Function {
    Function {
        name: "sign-up",
        about: "New accounts, and the proof of their addresses.",
        unavailable: Some("AccountsUnavailable"),
        operations: vec![
            post("/api/auth/sign-up", "signUp")
                .summary("Anyone: open an account.")
                .about("The answer is the same whether or not there is an account. A new address is mailed a link \
                     that confirms it within 24 hours; the owner of an existing account gets a mail saying so, and it stays \
                     as it is. The password that counts is that of the very sign-up whose link is followed.")
                .twice("a second mail; its link makes the first void.")
                .body::<SignUpInput>(json!({
                    "email": "customer@example.com", "password": "correct horse battery staple", "role": "customer",
                    "language": "en",
                }))
                .answer::<OutcomeView>(
                    202,
                    "Taken on. The next step is in a mail to that address.",
                    json!({"outcome": "mail_sent"}),
                )
                .fails(&["InvalidAccount", "Changed"]),
            get("/api/auth/confirm", "confirmPage")
                .summary("Anyone: the page that confirms an address.")
                .about("The token stands behind the `#` of the link, which no server sees; opening the page uses \
                     nothing up.")
                .twice("the same page, with a new nonce; nothing changes."),
            post("/api/auth/confirm", "confirmAddress")
                .summary("Anyone with a link: confirm an address.")
                .about("From now on the account can sign in, with the password of its sign-up.")
                .twice("the second is refused like any link that does not work; of two at once one wins.")
                .body::<ConfirmInput>(json!({
                    "token": "0Xq3v9rT5mZc8sKfL1yWjB7uPd2hNgAeRi4oVtCxE6M",
                    "password": "correct horse battery staple",
                }))
                .answer::<OutcomeView>(200, "Confirmed.", json!({"outcome": "confirmed"}))
                .fails(&["InvalidLink", "Changed"]),
        ],
    }
}

/// A new account.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct SignUpInput {
    /// The address.
    pub email: Email,
    /// The new password.
    pub password: NewPassword,
    /// The requested role; accounts with other roles are created by the operator.
    #[schemars(schema_with = "open_roles")]
    pub role: Role,
    /// The language of the mail; English by default.
    pub language: Option<Language>,
}

fn open_roles(_: &mut SchemaGenerator) -> Schema {
    words(&[Role::Customer, Role::Professional])
}

/// A link that confirms an address, and the password of the sign-up it belongs to: only who chose the password
/// and reads the mails opens the account.
#[derive(JsonSchema)]
pub struct ConfirmInput {
    /// The token of the link, after its `#`.
    #[schemars(length(max = 254))]
    pub token: String,
    /// The password of that sign-up.
    #[schemars(length(max = 1024))]
    pub password: String,
}
