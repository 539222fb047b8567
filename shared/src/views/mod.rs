//! What is answered: a struct for every body that a client reads, by product and noun.
//!
//! Handlers fill them, the API document is made of them (`infra/openapi`, by their comments and by the attributes
//! behind the feature `openapi`), and pages show them. A view that is called `CaseView` here is `Case` there.

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
