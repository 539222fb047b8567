//! The service level objectives as they are now: the window, the error budget and the burn rates.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};

use crate::domain::platform::objective::{Kept, Objective, WINDOW_DAYS};
use crate::store::platform::objective::Counts;
use crate::store::{Store, StoreError};
use crate::views::platform::objective::ObjectiveView;

/// The hours of the two burn rates: the short one shows that it goes on, the long one that it matters.
const SHORT_HOURS: i64 = 1;
const LONG_HOURS: i64 = 6;

/// The fastest burn rates of all objectives, for the alarms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BurnRates {
    pub last_1_hour: f64,
    pub last_6_hours: f64,
}

/// Saves the counts of a run. A failure costs the counts and not the run, whose work is done.
pub async fn save(store: &Store, counts: &Counts, now: DateTime<Utc>) {
    if let Err(error) = store.count_objectives(counts, now).await {
        tracing::warn!(%error, "the objectives of a run were not counted");
    }
}

/// Every objective over the window, for operators.
pub async fn read(store: &Store, now: DateTime<Utc>) -> Result<Vec<ObjectiveView>, StoreError> {
    let hours = store.objectives_since(now - Duration::days(WINDOW_DAYS)).await?;
    let sums = |from: DateTime<Utc>| sum_since(&hours, from);
    let (all, long, short) = (
        sums(DateTime::UNIX_EPOCH),
        sums(now - Duration::hours(LONG_HOURS)),
        sums(now - Duration::hours(SHORT_HOURS)),
    );
    let of = |sums: &BTreeMap<Objective, Kept>, objective| sums.get(&objective).copied().unwrap_or_default();
    let show = |objective: Objective| {
        let kept = of(&all, objective);
        ObjectiveView {
            objective,
            target: f64::from(objective.target_millionths()) / 1_000_000.0,
            good: kept.good,
            total: kept.total,
            share: kept.share(),
            budget_left: kept.budget_left(objective),
            burn_rate_1_hour: of(&short, objective).burn_rate(objective),
            burn_rate_6_hours: of(&long, objective).burn_rate(objective),
        }
    };
    Ok(Objective::ALL.map(show).into())
}

/// The fastest burn rates, from the last hours only.
pub async fn burn_rates(store: &Store, now: DateTime<Utc>) -> Result<BurnRates, StoreError> {
    let hours = store.objectives_since(now - Duration::hours(LONG_HOURS)).await?;
    let fastest = |from| {
        let rates = sum_since(&hours, from).into_iter().map(|(objective, kept)| kept.burn_rate(objective));
        rates.fold(0.0, f64::max)
    };
    Ok(BurnRates {
        last_1_hour: fastest(now - Duration::hours(SHORT_HOURS)),
        last_6_hours: fastest(DateTime::UNIX_EPOCH),
    })
}

/// The sums of the hours that had not ended at `from`.
fn sum_since(hours: &[(DateTime<Utc>, Counts)], from: DateTime<Utc>) -> Counts {
    let mut sums = Counts::new();
    for (_, counts) in hours.iter().filter(|(hour, _)| *hour + Duration::hours(1) > from) {
        for (objective, kept) in counts {
            let sum = sums.entry(*objective).or_default();
            *sum = sum.plus(*kept);
        }
    }
    sums
}
