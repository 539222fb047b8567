//! What is deployed, asked as it is deployed: the binaries that the platforms' own tools have built, under
//! both protocols and in an AWS on this machine.
//!
//! Nothing of it runs with a plain `cargo test`: `infra/check/run` builds what is asked here and calls it.
#![allow(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod artifacts;
mod binaries;
mod deploy;
#[path = "../journeys/document.rs"]
#[expect(dead_code, reason = "the journeys use all of it")]
mod document;
mod questions;
mod refusals;
