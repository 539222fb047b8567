//! Accounts.

pub mod outcome;
pub mod session;
