//! What is deployed, asked as it is deployed: the binaries that the platforms' own tools have built, under
//! both protocols and in an AWS on this machine.
//!
//! Nothing of it runs with a plain `cargo test`: `infra/check/run` builds what is asked here and calls it.
#![expect(clippy::unwrap_used, reason = "a test that meets nothing where something must be has failed")]

mod artifacts;
mod binaries;
mod deploy;
mod questions;
mod refusals;
