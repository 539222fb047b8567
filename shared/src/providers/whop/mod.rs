//! Whop: memberships, messages, webhooks and user tokens.
//!
//! A webhook's way: `verify` makes [`Verified`] of headers and raw bytes, `read` makes an
//! [`Event`](crate::domain::event::Event) of it. Neither does any I/O.

mod amount;
mod claim;
pub mod client;
mod dialect;
mod event_id;
mod meaning;
mod name;
pub mod payload;
pub mod signature;
pub mod token;

pub use super::signed::{Refused, Secret, Unreadable};
pub use payload::read;
pub use signature::{Verified, sign_legacy, sign_standard, verify};
