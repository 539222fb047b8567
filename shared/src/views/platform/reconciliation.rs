//! The results of the reconciliation of Stripe with the ledger.

use serde::Serialize;
use uuid::Uuid;

use crate::views::Timestamp;

/// The results of the reconciliation of Stripe with the ledger, over all companies.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReconciliationSummaryView {
    /// The number of open findings of all companies.
    pub open_findings: u64,
    /// The total difference of all findings in each currency, in minor units.
    pub amounts: Vec<FindingAmountsView>,
    /// The ten newest runs.
    pub runs: Vec<ReconciliationRunView>,
}

/// The total difference of all findings in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingAmountsView {
    /// The currency code, as Stripe reports it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// The total difference of open findings.
    pub open_amount: i64,
    /// The total difference of findings that a person closed.
    pub accepted_amount: i64,
}

/// A run of the reconciliation.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReconciliationRunView {
    /// The ID of the run.
    pub run_id: Uuid,
    /// When the run began.
    pub started_at: Timestamp,
    /// When the run ended; `null` while it is in progress, and if it was interrupted.
    pub ended_at: Option<Timestamp>,
    /// Events of Stripe that were examined.
    pub events: u64,
    /// Events among them that no webhook had delivered and that this run stored.
    pub events_fetched: u64,
    /// Balance transactions of Stripe that were examined.
    pub lines: u64,
    /// Balance transactions that match the ledger.
    pub explained: u64,
    /// Balance transactions that match the ledger after a missing fact was recorded.
    pub backfilled: u64,
    /// Findings that were opened.
    pub findings: u64,
    /// Findings that were closed because Stripe and the ledger now agree.
    pub closed: u64,
    /// Transfers whose outcome is still unknown.
    pub in_doubt: u64,
    /// The cash in the ledger compared with the cash at Stripe since the beginning, by currency. Empty until
    /// a run reaches its end.
    pub cash: Vec<CashView>,
    /// A code for what stopped the run before its end; `null` if nothing did.
    pub error: Option<String>,
    /// Whether the next run continues where this one stopped.
    pub more: bool,
}

/// The cash in the ledger compared with the cash at Stripe in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CashView {
    /// The currency code, as Stripe reports it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// The cash according to Stripe's balance transactions.
    pub stripe_amount: i64,
    /// The cash according to the ledger.
    pub books_amount: i64,
    /// The total difference of open findings.
    pub open_amount: i64,
    /// The total difference of findings that a person closed.
    pub accepted_amount: i64,
    /// The difference that no finding explains. Any amount other than 0 needs a person.
    pub unexplained_amount: i64,
}
