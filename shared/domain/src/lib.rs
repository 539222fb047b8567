//! The rules of the products: pure nouns and functions, no I/O, no async, no clock. Time comes in as an argument.
//!
//! `kernel` names nothing but itself; `recovery` and `marketplace` do not name each other.
//! A crate of its own, so that a rule is checked without compiling an SDK.

pub mod accounts;
pub mod kernel;
pub mod marketplace;
pub mod platform;
pub mod recovery;
#[cfg(feature = "openapi")]
mod schema;
