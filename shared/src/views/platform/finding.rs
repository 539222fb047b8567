//! Findings: differences between Stripe and the ledger.

use serde::Serialize;

use crate::domain::kernel::party::BookingId;
use crate::store::marketplace::reconciliation::{FindingKind, FindingStatus};
use crate::views::Timestamp;

/// A difference between Stripe and the ledger. Amounts are in minor units: positive if money was received,
/// negative if it was paid.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingView {
    /// The ID of the finding: the ID of the object at Stripe, or `<id>:reversed` for its reversal.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub finding_id: String,
    /// The kind of difference. `transfer_in_doubt` is closed by resolving the transfer.
    pub kind: FindingKind,
    /// The kind as a sentence.
    pub message: &'static str,
    /// The booking that the object names; `null` if it names none.
    pub booking_id: Option<BookingId>,
    /// The ID of the balance transaction at Stripe in which the difference was found; `null` if it was not
    /// found in one.
    pub line_id: Option<String>,
    /// The amount according to Stripe, in minor units.
    pub stripe_amount: i64,
    /// The amount according to the ledger, in minor units.
    pub books_amount: i64,
    /// `stripe_amount` less `books_amount`, in minor units.
    pub difference_amount: i64,
    /// The currency code, as Stripe reports it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// When the difference was found.
    pub found_at: Timestamp,
    /// `explained`: Stripe and the ledger now agree. `accepted`: a person closed the finding as it is.
    pub status: FindingStatus,
    /// How the finding was closed; `null` while it is open.
    pub closing: Option<ClosingView>,
}

/// How a finding was closed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ClosingView {
    /// When the finding was closed.
    pub at: Timestamp,
    /// Who closed the finding: the ID of an account, or `reconciliation` for the job.
    pub by: String,
    /// The note of the person who closed the finding; `null` if the reconciliation closed it.
    pub note: Option<String>,
}
