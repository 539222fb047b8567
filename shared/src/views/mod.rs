//! The answers of the API: a struct for every body that a client reads, by product and noun.
//!
//! Handlers fill them, the API document is generated from them (`infra/openapi`, from their comments and the
//! attributes behind the feature `openapi`), and pages show them. `CaseView` here is `Case` there.

pub mod accounts;
mod list;
pub mod marketplace;
pub mod platform;
pub mod recovery;
#[cfg(feature = "openapi")]
pub mod schema;
mod timestamp;

pub use list::{ExcerptView, ListView};
pub use timestamp::Timestamp;

use serde::Serialize;

/// Nothing: an empty object, or no body at all.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(extend("maxProperties" = 0)))]
pub struct EmptyView {}
