//! Types that connect the products: events, effects, announcements, jobs, refusals, switches.

pub mod action;
pub mod announcement;
pub mod effect;
pub mod event;
pub mod job;
pub mod job_schedule;
pub mod job_status;
pub mod objective;
pub mod refusal;
pub mod switch;
pub mod waiting;
