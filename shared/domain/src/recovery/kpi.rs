//! Recovered cases and revenue, counted per day of first failure.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::timeline::Episode;

/// The counters of one day, or the difference between two states of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Cases whose first failure fell on the day.
    pub cases: i64,
    /// The recovered ones of them.
    pub recoveries: i64,
    /// Recovered revenue less returns, in minor units by currency.
    pub revenue: BTreeMap<String, i64>,
    /// Cases by currency, to find a company's main currency.
    pub currencies: BTreeMap<String, i64>,
}

impl Counters {
    /// Whether all counters are zero.
    pub fn is_zero(&self) -> bool {
        let all_zero = |map: &BTreeMap<String, i64>| map.values().all(|value| *value == 0);
        self.cases == 0 && self.recoveries == 0 && all_zero(&self.revenue) && all_zero(&self.currencies)
    }

    /// Adds (`sign` 1) or subtracts (`sign` -1) other counters.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.cases += sign * other.cases;
        self.recoveries += sign * other.recoveries;
        for (sums, more) in [(&mut self.revenue, &other.revenue), (&mut self.currencies, &other.currencies)] {
            for (currency, amount) in more {
                *sums.entry(currency.clone()).or_default() += sign * amount;
            }
        }
    }
}

/// The counters of a company's cases by day.
pub fn count(episodes: &[Episode]) -> BTreeMap<NaiveDate, Counters> {
    let mut days: BTreeMap<NaiveDate, Counters> = BTreeMap::new();
    for episode in episodes {
        let mut counters = Counters { cases: 1, ..Counters::default() };
        if let Some(money) = &episode.money {
            counters.currencies.insert(money.currency.as_str().to_owned(), 1);
        }
        if let Some(recovery) = &episode.recovery {
            counters.recoveries = 1;
            if let Some(money) = &recovery.money {
                counters.revenue.insert(money.currency.as_str().to_owned(), recovery.kept_amount());
            }
        }
        days.entry(episode.first_failure_at.date_naive()).or_default().add(&counters, 1);
    }
    days
}

/// The change of each day's counters when cases change from `before` to `after`.
pub fn difference(before: &[Episode], after: &[Episode]) -> BTreeMap<NaiveDate, Counters> {
    let mut days = count(after);
    for (day, counters) in count(before) {
        days.entry(day).or_default().add(&counters, -1);
    }
    days.retain(|_, counters| !counters.is_zero());
    days
}
