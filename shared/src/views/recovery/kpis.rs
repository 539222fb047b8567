//! Recovery figures for the dashboard.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::recovery::kpi::Counters;

/// The recovery figures of a window of days.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct KpiSummaryView {
    /// The length of the window in days. Its last day is today (UTC).
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 365)))]
    pub window_days: u16,
    /// The first day of the window.
    pub from: NaiveDate,
    /// The last day of the window.
    pub to: NaiveDate,
    /// The number of cases whose first failure is in the window, whatever their status.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub active_cases: i64,
    /// The number of these cases that were recovered.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recoveries: i64,
    /// `recoveries` / `active_cases`, rounded to four decimals; 0 if there are no cases.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0, max = 1)))]
    pub recovery_rate: f64,
    /// The recovered amount less refunds and disputes, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub recovered_revenue_cents: i64,
    /// The currency of most of the cases: ISO 4217, lower case; `usd` if there are no cases.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::money::Currency"))]
    pub currency: String,
    /// The recovered amount less refunds and disputes in every currency. Currencies without revenue are
    /// omitted.
    pub recovered_revenue: Vec<RevenueView>,
}

/// The recovered amount less refunds and disputes in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RevenueView {
    /// The currency: ISO 4217, lower case.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::money::Currency"))]
    pub currency: String,
    /// The amount, in minor units of `currency`.
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
