//! Accounts, sessions, and the links in mails.

pub mod account;
pub mod link;
pub mod session;
