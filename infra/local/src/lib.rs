//! The parts of the local server, which are also the ground the journey tests stand on.
//!
//! Nothing here imitates our own code. The database is a real engine behind the real AWS SDK, the
//! providers are stand-ins that keep the providers' own rules (keys, audiences, error shapes), and
//! whatever would have left the system ends in one [`outbox::Outbox`] that a test can count.
//! All handles are cheap clones of one state, which is in memory and, if a [`sandbox::Sandbox`] is
//! opened in a folder, also on disk before anybody is answered. Time comes from one
//! [`clock::SandboxClock`], and ids from counters, so that a run can be repeated exactly.

pub mod better_stack;
pub mod bus;
pub mod clock;
pub mod cloud;
pub mod demo;
pub mod embedded;
pub mod fault;
mod journal;
mod keys;
pub mod oidc;
pub mod outbox;
pub mod posthog;
pub mod resend;
pub mod sandbox;
pub mod sandbox_api;
pub mod schedule;
pub mod sentry;
pub mod server;
pub mod service;
pub mod stripe;
pub mod table;
pub mod ticker;
pub mod whop;

#[cfg(test)]
mod tests;
