//! The library that all functions share.
//!
//! Modules depend on each other in one direction; a module uses only modules left of an arrow before it:
//! `json, environment → domain → vault, logs → store, providers, telemetry → switches, webhook_counts, jobs → aws, effects, due, idempotency, rate_limit, views → objectives, events, bookings, recovery → payouts → gauges, reconciliation → config → bearer → app → http → auth → runtime`.
//! `tests/repository/house_rules.rs` checks this line.

pub use domain;

pub mod app;
pub mod auth;
pub mod aws;
pub mod bearer;
pub mod bookings;
pub mod config;
pub mod due;
pub mod effects;
pub mod environment;
pub mod events;
pub mod gauges;
pub mod http;
pub mod idempotency;
pub mod jobs;
pub mod json;
pub mod logs;
pub mod objectives;
pub mod payouts;
pub mod providers;
pub mod rate_limit;
pub mod reconciliation;
pub mod recovery;
pub mod runtime;
pub mod store;
pub mod switches;
pub mod telemetry;
pub mod vault;
pub mod views;
pub mod webhook_counts;
