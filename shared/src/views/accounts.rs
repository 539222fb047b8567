//! Responses about accounts and sessions.

pub mod outcome;
pub mod session;
