//! Responses about the recovery of failed renewals.

pub mod action;
pub mod case;
pub mod ending;
pub mod kpis;
pub mod membership;
pub mod nudge;
pub mod settings;
