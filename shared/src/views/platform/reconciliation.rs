//! The result of the reconciliation.

use serde::Serialize;
use uuid::Uuid;

use crate::views::Timestamp;

/// The result of the reconciliation, over all companies.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReconciliationSummaryView {
    /// How many findings are open, of all companies.
    pub open_findings: u64,
    /// The sum of all findings, in minor units of each currency.
    pub amounts: Vec<FindingAmountsView>,
    /// The ten newest reconciliations.
    pub runs: Vec<ReconciliationRunView>,
}

/// One currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingAmountsView {
    /// The currency, as Stripe writes it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// The sum of the open findings.
    pub open_amount: i64,
    /// The sum of the findings that a person closed.
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
    /// When it ended; `null` while it runs, and if it was aborted.
    pub ended_at: Option<Timestamp>,
    /// Events that were processed.
    pub events: u64,
    /// Events among them that had never been received, and were received now.
    pub events_fetched: u64,
    /// Balance transactions of Stripe that were processed.
    pub lines: u64,
    /// Balance transactions that the ledger explains.
    pub explained: u64,
    /// Balance transactions that the ledger explains since a missing fact was recorded.
    pub backfilled: u64,
    /// New findings.
    pub findings: u64,
    /// Findings that are explained now.
    pub closed: u64,
    /// Transfers whose outcome is unknown.
    pub in_doubt: u64,
    /// The cash in the ledger and at Stripe since the beginning, by currency; empty until a run is complete.
    pub cash: Vec<CashView>,
    /// The code of the error that kept the run from completing.
    pub error: Option<String>,
    /// Whether the next run continues where this one stopped.
    pub more: bool,
}

/// One currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CashView {
    /// The currency, as Stripe writes it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// The sum of Stripe's balance transactions.
    pub stripe_amount: i64,
    /// The sum of the ledger's cash accounts.
    pub books_amount: i64,
    /// The sum of the open findings.
    pub open_amount: i64,
    /// The sum of the findings that a person closed.
    pub accepted_amount: i64,
    /// The rest: any value but 0 needs a person.
    pub unexplained_amount: i64,
}
