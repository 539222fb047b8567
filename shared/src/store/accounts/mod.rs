//! Who may sign in, their sessions, and the links of their mails.

pub mod account;
pub mod link;
pub mod session;
