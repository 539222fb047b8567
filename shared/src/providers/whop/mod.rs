//! Whop's webhooks: two signature schemes and four dialects in, one [`Event`] out.
//!
//! [`verify`] turns bytes and headers into [`Verified`], and only [`Verified`] can be [`read`].
//! Both are pure: no I/O, and the time is an argument.
//!
//! [`Event`]: crate::domain::event::Event

mod amount;
mod claim;
mod dialect;
mod event_id;
mod meaning;
mod moment;
mod name;
pub mod payload;
pub mod secret;
pub mod signature;

pub use payload::{Unreadable, read};
pub use secret::Secret;
pub use signature::{Refused, Verified, sign_legacy, sign_standard, verify};
