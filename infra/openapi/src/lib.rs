//! Generates the API document from three sources, each of which is the only one for its part:
//!
//! - the **views** in `shared/src/views`: the response bodies as structs; their comments become the descriptions;
//! - the **routes** in `shared/src/auth/routes.rs`: who may call, how often, and with which idempotency key.
//!   `rules.rs` derives security, parameters and errors from them;
//! - the **wording** here, one file for each function: what an operation does, what happens if the request is sent
//!   twice, its request body and its examples.
//!
//! `cargo openapi` writes `infra/openapi/openapi.json`, which `functions/platform/health` serves. A test fails if
//! the file is out of date.

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
