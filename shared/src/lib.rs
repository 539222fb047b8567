//! The library crate of every function.
//!
//! Modules stand in a one-way order; a module uses only what stands left of it:
//! `domain → store, providers → effects, due, idempotency → app → http → auth → runtime`.
//! `logs` stands beside `domain`: everything may use it, and it uses nothing.
//! A test in `tests/` reads the `use` lines and keeps the order.

pub mod domain;
pub mod logs;
pub mod runtime;
