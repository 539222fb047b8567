//! Rows that all products use: inbox, outbox, jobs, rate limits, idempotency keys, audit, switches, counts
//! of webhooks.

mod audit;
pub mod audit_log;
pub mod effect_lists;
pub mod idempotency;
pub mod inbox;
pub mod job;
pub mod limit;
pub mod objective;
pub mod outbox;
pub mod suppression;
pub mod switches;
pub mod waiting;
pub mod webhook_counts;
