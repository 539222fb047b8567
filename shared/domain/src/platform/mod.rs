//! What holds the products together: events in, effects and announcements out, jobs, refusals.

pub mod action;
pub mod announcement;
pub mod effect;
pub mod event;
pub mod job;
pub mod refusal;
