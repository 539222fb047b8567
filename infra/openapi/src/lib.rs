//! The API document, generated from three sources:
//!
//! - the **views** in `shared/src/views`: the answers as structs; their comments are the descriptions;
//! - the **routes** in `shared/src/auth/routes.rs`: access, rate limit and key of each route. `rules.rs`
//!   derives security, headers, keys and errors from a row;
//! - the **wording** here, one file for each function: what an operation does, what happens when it is
//!   repeated, its input and its examples.
//!
//! `cargo openapi` writes `infra/openapi/openapi.json`, which `functions/platform/health` serves; a test
//! fails when the file is older than its sources.

pub mod accounts;
mod document;
mod headers;
mod info;
pub mod input;
mod layout;
pub mod marketplace;
mod operation;
mod parameters;
pub mod platform;
mod problems;
pub mod recovery;
mod rules;
mod schemas;

pub use document::{FILE, document, text};
