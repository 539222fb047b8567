//! The operations of accounts and sessions.

pub mod password;
pub mod sign_in;
pub mod sign_up;
pub mod single_sign_on;

use crate::operation::Function;

/// The functions of accounts.
pub(crate) fn functions() -> Vec<Function> {
    vec![sign_in::function(), sign_up::function(), password::function(), single_sign_on::function()]
}
