//! Whop: memberships, messages, webhooks and user tokens.

pub mod client;
pub mod token;
