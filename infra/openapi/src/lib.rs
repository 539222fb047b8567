//! The API document, made of three things that are each said once:
//!
//! - the **views** in `shared/src/views`: what is answered, as structs; their comments are the descriptions;
//! - the **routes** in `shared/src/auth/routes.rs`: who may ask, how often, with which key. Security, headers, keys
//!   and the errors that follow from a row are not said again (`rules.rs`);
//! - the **wording** here, one file for each function: what an operation does, what happens when it is sent twice,
//!   its input and its examples.
//!
//! `cargo openapi` writes `infra/openapi/openapi.json`, which `functions/platform/health` serves; a test fails when
//! the file is older than what it is made of.

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
