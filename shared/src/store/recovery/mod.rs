//! Cases of failed renewals: recording what happened, and what a decision reads.

pub mod case_snapshot;
mod counters;
pub mod purchase;
pub mod record;
