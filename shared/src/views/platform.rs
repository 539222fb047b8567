//! Responses about the service itself: jobs, events, findings, switches and health.

pub mod effect;
pub mod event;
pub mod finding;
pub mod health;
pub mod history;
pub mod job;
pub mod mail;
pub mod objective;
pub mod operations;
pub mod probe;
pub mod problem;
pub mod reconciliation;
pub mod switch;
pub mod waiting;
