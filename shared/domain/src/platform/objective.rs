//! Service level objectives: what is promised, how much of it was kept, and how fast the error budget is used up.

use serde::Serialize;

/// The days over which an objective is measured.
pub const WINDOW_DAYS: i64 = 30;

/// A promise that is measured for all companies together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "ObjectiveName"))]
pub enum Objective {
    /// Reminders that were delivered within five minutes after their planned time.
    RemindersWithinFiveMinutes,
    /// Reminders that were delivered within an hour after their planned time.
    RemindersWithinOneHour,
    /// Unanswered bookings that were declined within ten minutes after their deadline.
    DeclinesWithinTenMinutes,
    /// Transfers that were made on the payout day they were due on.
    PayoutsOnTheirDay,
    /// Payout batches that ended without having waited for a provider or a person.
    BatchesWithoutErrors,
    /// Requests for a booking that were not answered with an error of ours or of a provider.
    BookingsAccepted,
    /// Signed webhooks that were stored.
    WebhooksStored,
}

impl Objective {
    pub const ALL: [Self; 7] = [
        Self::RemindersWithinFiveMinutes,
        Self::RemindersWithinOneHour,
        Self::DeclinesWithinTenMinutes,
        Self::PayoutsOnTheirDay,
        Self::BatchesWithoutErrors,
        Self::BookingsAccepted,
        Self::WebhooksStored,
    ];

    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The promised share, in millionths.
    pub fn target_millionths(self) -> u32 {
        match self {
            Self::RemindersWithinFiveMinutes | Self::BatchesWithoutErrors => 999_000,
            // One of ten thousand is the smallest budget that can be measured.
            Self::RemindersWithinOneHour
            | Self::DeclinesWithinTenMinutes
            | Self::PayoutsOnTheirDay
            | Self::WebhooksStored => 999_900,
            Self::BookingsAccepted => 990_000,
        }
    }
}

/// How many of how many kept the promise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    pub good: u64,
    pub total: u64,
}

impl Kept {
    pub fn one(is_good: bool) -> Self {
        Self { good: u64::from(is_good), total: 1 }
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { good: self.good + other.good, total: self.total + other.total }
    }

    /// The share that kept the promise; 1 if there was nothing to keep.
    pub fn share(self) -> f64 {
        if self.total == 0 { 1.0 } else { self.good as f64 / self.total as f64 }
    }

    /// The part of the error budget that is left: 1 if nothing was missed, 0 if the budget is used up, negative
    /// beyond it.
    pub fn budget_left(self, objective: Objective) -> f64 {
        1.0 - self.burn_rate(objective)
    }

    /// How many times faster than allowed the error budget is used up: 1 uses it up exactly in the window.
    pub fn burn_rate(self, objective: Objective) -> f64 {
        let allowed = 1.0 - f64::from(objective.target_millionths()) / 1_000_000.0;
        (1.0 - self.share()) / allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-6
    }

    #[test]
    fn nothing_to_keep_uses_up_no_budget() {
        for objective in Objective::ALL {
            assert!(near(Kept::default().share(), 1.0) && near(Kept::default().budget_left(objective), 1.0));
        }
    }

    #[test]
    fn an_objective_that_is_just_missed_has_used_up_its_budget() {
        let just = Kept { good: 999, total: 1_000 };
        assert!(near(just.budget_left(Objective::RemindersWithinFiveMinutes), 0.0));
        assert!(near(just.burn_rate(Objective::BookingsAccepted), 0.1));
        let twice = Kept { good: 998, total: 1_000 };
        assert!(near(twice.burn_rate(Objective::RemindersWithinFiveMinutes), 2.0));
        assert!(twice.budget_left(Objective::RemindersWithinFiveMinutes) < 0.0);
    }

    #[test]
    fn an_objective_has_one_code_everywhere() {
        for objective in Objective::ALL {
            assert_eq!(serde_json::to_value(objective).unwrap(), objective.as_str());
        }
    }
}
