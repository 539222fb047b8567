//! The rules of the products: pure types and functions, no I/O, no async, no clock. The time is an argument.
//!
//! `kernel` depends on no other module; `recovery` and `marketplace` do not depend on each other.
//! A separate crate, so that the rules compile and are tested without an SDK.

pub mod accounts;
pub mod kernel;
pub mod marketplace;
pub mod platform;
pub mod recovery;
#[cfg(feature = "openapi")]
mod schema;
