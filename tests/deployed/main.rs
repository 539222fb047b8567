//! Tests of the deployed artifacts: the binaries that the platforms' own tools have built, under both
//! protocols and in an emulated AWS on this machine.
//!
//! A plain `cargo test` does not run them: `infra/check/run` builds the artifacts and calls it.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod artifacts;
mod binaries;
mod deploy;
mod questions;
mod refusals;
