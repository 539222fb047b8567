//! Recovered revenue, for the dashboard.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::recovery::kpi::Counters;

/// Recovered revenue in a window of days.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct KpiSummaryView {
    /// The number of days in the window; today (UTC) is its last.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 365)))]
    pub window_days: u16,
    /// First day of the window.
    pub from: NaiveDate,
    /// Last day of the window.
    pub to: NaiveDate,
    /// Cases whose first failure is in the window, in any status.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub active_cases: i64,
    /// Those of them that were recovered.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recoveries: i64,
    /// Recoveries divided by cases, to four decimals; 0 if there are no cases.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0, max = 1)))]
    pub recovery_rate: f64,
    /// Recovered revenue less refunds and disputes, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recovered_revenue_cents: i64,
    /// The currency of most cases, ISO 4217 in lower case; `usd` if there are none.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::money::Currency"))]
    pub currency: String,
    /// Recovered revenue less refunds and disputes, in every currency.
    pub recovered_revenue: Vec<RevenueView>,
}

/// Recovered revenue in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RevenueView {
    /// ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::money::Currency"))]
    pub currency: String,
    /// Minor units of the currency.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
}

impl KpiSummaryView {
    /// Sums up the days of a window.
    pub fn new(window_days: u16, from: NaiveDate, to: NaiveDate, total: &Counters) -> Self {
        let main =
            total.currencies.iter().max_by_key(|(name, cases)| (**cases, std::cmp::Reverse((*name).clone())));
        let currency = main.map_or_else(|| "usd".to_owned(), |(currency, _)| currency.clone());
        let rate = if total.cases > 0 { total.recoveries as f64 / total.cases as f64 } else { 0.0 };
        let recovered_revenue = total
            .revenue
            .iter()
            .filter(|(_, amount)| **amount != 0)
            .map(|(currency, amount)| RevenueView { currency: currency.clone(), amount: *amount })
            .collect();
        Self {
            window_days,
            from,
            to,
            active_cases: total.cases,
            recoveries: total.recoveries,
            recovery_rate: (rate * 10_000.0).round() / 10_000.0,
            recovered_revenue_cents: total.revenue.get(&currency).copied().unwrap_or_default(),
            currency,
            recovered_revenue,
        }
    }
}
