//! Answers to requests about an account.

use serde::Serialize;

/// The result of a request about an account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OutcomeView {
    /// The new state of the account.
    pub outcome: AccountOutcome,
}

/// The result of a request about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountOutcome {
    /// The next step is described in a mail.
    MailSent,
    /// The address is confirmed.
    Confirmed,
    /// The password is the new one.
    PasswordSet,
}

/// Where to sign in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuthorizationUrlView {
    /// The issuer's sign-in page with its parameters.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = "^https?://")))]
    pub authorization_url: String,
}
