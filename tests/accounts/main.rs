//! Authentication: sign-in and sign-up, sessions, tokens, single sign-on.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod authentication;
mod bearer_tokens;
mod forged_requests;
mod hostile_issuer;
mod issuers;
mod password;
mod secret_rotation;
mod session;
mod sign_in;
mod sign_up;
mod single_sign_on;
mod spellings;
mod trusted_proxy;
mod user_tokens;
