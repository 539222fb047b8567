//! Cases of failed renewals: recording facts, and reading the input of decisions.

pub mod case_snapshot;
mod counters;
pub mod purchase;
pub mod record;
