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

/// Fewer misses of an objective say nothing about a rate: one late reminder of ten is no burning budget.
const MIN_MISSED: u64 = 3;

/// Saves the counts of a run. A failure costs the counts and not the run, whose work is done.
pub async fn save(store: &Store, counts: &Counts, now: DateTime<Utc>) {
    if let Err(error) = store.count_objectives(counts, now).await {
        tracing::warn!(%error, "the objectives of a run were not counted");
    }
}

/// Every objective over the window, for operators.
pub async fn read(store: &Store, now: DateTime<Utc>) -> Result<Vec<ObjectiveView>, StoreError> {
    let hours = hours_since(store, now - Duration::days(WINDOW_DAYS)).await?;
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
            budget_left: readable(kept.budget_left(objective)),
            burn_rate_1_hour: readable(of(&short, objective).burn_rate(objective)),
            burn_rate_6_hours: readable(of(&long, objective).burn_rate(objective)),
        }
    };
    Ok(Objective::ALL.map(show).into())
}

/// Without the digits that only say how a computer divides.
fn readable(rate: f64) -> f64 {
    (rate * 1_000.0).round() / 1_000.0
}

/// The fastest burn rate of all objectives, for the alarm: of each the lower one of its two rates, so that it rises
/// only while it goes on and matters.
pub async fn burn_rate(store: &Store, now: DateTime<Utc>) -> Result<f64, StoreError> {
    let hours = hours_since(store, now - Duration::hours(LONG_HOURS)).await?;
    let (short, long) =
        (sum_since(&hours, now - Duration::hours(SHORT_HOURS)), sum_since(&hours, DateTime::UNIX_EPOCH));
    let of = |sums: &Counts, objective: Objective| {
        let kept = sums.get(&objective).copied().unwrap_or_default();
        if kept.total - kept.good < MIN_MISSED { 0.0 } else { kept.burn_rate(objective) }
    };
    let rates = Objective::ALL.map(|objective| of(&short, objective).min(of(&long, objective)));
    Ok(rates.into_iter().fold(0.0, f64::max))
}

/// The counts of each hour. Stored webhooks are those that were accepted; only the lost ones are counted apart.
async fn hours_since(store: &Store, from: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, Counts)>, StoreError> {
    let mut hours = store.objectives_since(from).await?;
    for hour in store.webhook_hours(from).await? {
        let stored = Kept { good: hour.accepted, total: hour.accepted };
        hours.push((hour.hour, [(Objective::WebhooksStored, stored)].into()));
    }
    Ok(hours)
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
