//! The library crate of every function.
//!
//! Modules stand in a one-way order; a module uses only what stands left of it:
//! `domain → vault, logs → store, providers → effects, due, events, reach, idempotency → config, app → http → auth → runtime`.
//! A test in `tests/` reads the `use` lines and keeps the order.

pub mod app;
pub mod auth;
pub mod config;
pub mod domain;
pub mod due;
pub mod effects;
pub mod events;
pub mod http;
pub mod idempotency;
pub mod logs;
pub mod providers;
pub mod reach;
pub mod runtime;
pub mod store;
pub mod vault;
