//! Whop: memberships, messages, webhooks and user tokens.
//!
//! `verify` turns a webhook's headers and raw bytes into a [`VerifiedWhopEvent`], and `read` turns that into an
//! [`Event`](crate::domain::platform::event::Event). Neither does any I/O.

mod amount;
mod claim;
pub mod client;
mod dialect;
mod event_id;
mod meaning;
pub mod membership;
mod name;
pub mod payload;
mod published;
pub mod signature;
#[cfg(test)]
mod tests;
pub mod token;
mod version;

pub use super::signed::{Refused, Secret, Unreadable};
pub use payload::{read, read_again};
pub use signature::{VerifiedWhopEvent, sign_legacy, sign_standard, verify};
pub use version::API_VERSION_DATE;
