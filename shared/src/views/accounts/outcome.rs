//! The results of requests about accounts.

use serde::Serialize;

/// The result of a request about an account.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OutcomeView {
    /// What the request achieved.
    pub outcome: AccountOutcome,
}

/// The result of a request about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountOutcome {
    /// An email with the next step was sent to the address.
    MailSent,
    /// The email address is confirmed.
    Confirmed,
    /// The new password is in effect.
    PasswordSet,
}

/// The address at which the user signs in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AuthorizationUrlView {
    /// The issuer's sign-in page, with the parameters of the authorization request.
    #[cfg_attr(feature = "openapi", schemars(regex(pattern = "^https?://")))]
    pub authorization_url: String,
}
