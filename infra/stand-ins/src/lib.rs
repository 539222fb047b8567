//! Stand-ins for the providers, as far as this project uses them.
//!
//! Nothing here imitates our own code: a stand-in keeps its provider's rules (keys, audiences, error shapes),
//! and every external effect ends in one [`outbox::Outbox`] that a test can count. Each is a [`StandIn`] over
//! its provider's state; [`sandbox::Sandbox`] has all of them, with one movable [`clock::SandboxClock`] and
//! one set of [`fault::Faults`]. All handles are cheap clones of one state, which is in memory and, if a
//! sandbox is opened in a folder, also on disk before a request is answered.

mod base;
pub mod better_stack;
pub mod bus;
pub mod healthchecks;
pub mod oidc;
pub mod posthog;
pub mod resend;
pub mod sandbox;
pub mod sentry;
pub mod stripe;
pub mod whop;

pub use base::{StandIn, clock, fault, outbox, server};
