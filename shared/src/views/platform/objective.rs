//! Service level objectives and their error budgets.

use serde::Serialize;

use crate::domain::platform::objective::Objective;

/// A service level objective over the last 30 days, for all companies together, measured from stored times.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ObjectiveView {
    /// The promise that is measured.
    pub objective: Objective,
    /// The promised share, from 0 to 1.
    pub target: f64,
    /// The number that kept the promise.
    pub good: u64,
    /// The number that was counted.
    pub total: u64,
    /// `good` / `total`; 1 if nothing was counted.
    pub share: f64,
    /// The part of the error budget that is left: 1 if nothing was missed, 0 if the budget is used up, negative
    /// beyond it.
    pub budget_left: f64,
    /// How many times faster than allowed the budget was used up in the last hour. Hours are full hours (UTC).
    pub burn_rate_1_hour: f64,
    /// How many times faster than allowed the budget was used up in the last six hours.
    pub burn_rate_6_hours: f64,
}
