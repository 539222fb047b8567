//! What the reconciliation came to.

use serde::Serialize;
use uuid::Uuid;

use crate::views::Timestamp;

/// What the reconciliation came to, over all companies.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReconciliationSummaryView {
    /// How many findings are open, of all companies.
    pub open_findings: u64,
    /// What all findings differ by, in minor units of each currency.
    pub amounts: Vec<FindingAmountsView>,
    /// The ten newest reconciliations.
    pub runs: Vec<ReconciliationRunView>,
}

/// One currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingAmountsView {
    /// The currency, in Stripe's word.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// What the open ones differ by.
    pub open_amount: i64,
    /// What those differ by that a person closed.
    pub accepted_amount: i64,
}

/// One reconciliation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReconciliationRunView {
    /// The run.
    pub run_id: Uuid,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; `null` while it runs, and where it was cut off.
    pub ended_at: Option<Timestamp>,
    /// Events that were looked at.
    pub events: u64,
    /// Events among them that had never come in, and did now.
    pub events_fetched: u64,
    /// Lines of Stripe's balance that were looked at.
    pub lines: u64,
    /// Lines that the books explain.
    pub explained: u64,
    /// Lines that the books explain since a missing fact was recorded.
    pub backfilled: u64,
    /// New findings.
    pub findings: u64,
    /// Findings that are explained now.
    pub closed: u64,
    /// Transfers whose outcome is not known yet.
    pub in_doubt: u64,
    /// The cash in the books against the cash at Stripe since the beginning, by currency; empty until a run
    /// comes to its end.
    pub cash: Vec<CashView>,
    /// What kept the run from its end, in one word.
    pub error: Option<String>,
    /// Whether the next run goes on where this one stopped.
    pub more: bool,
}

/// One currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CashView {
    /// The currency, in Stripe's word.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// By the lines of Stripe's balance.
    pub stripe_amount: i64,
    /// By the books.
    pub books_amount: i64,
    /// What the open findings differ by.
    pub open_amount: i64,
    /// What the findings differ by that a person closed.
    pub accepted_amount: i64,
    /// What is in neither: anything but 0 needs a person.
    pub unexplained_amount: i64,
}
