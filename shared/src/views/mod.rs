//! The response bodies of the API: one struct for each, by product and noun.
//!
//! Handlers fill them, and pages show them. `infra/openapi` generates the schemas of the API document from them: doc
//! comments become descriptions, and the attributes behind the feature `openapi` become constraints. `CaseView` is
//! `Case` in the document.

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

/// An empty object. As a request body it may also be omitted.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(extend("maxProperties" = 0)))]
pub struct EmptyView {}
