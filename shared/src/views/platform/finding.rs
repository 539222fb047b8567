//! Differences between Stripe's balance and the ledger.

use serde::Serialize;

use crate::domain::kernel::party::BookingId;
use crate::store::marketplace::reconciliation::{FindingKind, FindingStatus};
use crate::views::Timestamp;

/// A difference between Stripe's balance and the ledger. Amounts are in minor units: positive for incoming
/// money, negative for outgoing.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingView {
    /// The object with the difference: Stripe's id, or `<id>:reversed` for its reversals.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub finding_id: String,
    /// The kind of difference. `transfer_in_doubt` is closed by resolving the transfer.
    pub kind: FindingKind,
    /// The kind as a sentence.
    pub message: &'static str,
    /// The booking it names, if any.
    pub booking_id: Option<BookingId>,
    /// The balance transaction by which it was found.
    pub line_id: Option<String>,
    /// The amount at Stripe, in minor units.
    pub stripe_amount: i64,
    /// The amount in the ledger, in minor units.
    pub books_amount: i64,
    /// Stripe's amount less the ledger's, in minor units.
    pub difference_amount: i64,
    /// The currency, as Stripe writes it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// When it was found.
    pub found_at: Timestamp,
    /// `explained`: Stripe and the ledger agree now. `accepted`: a person closed it.
    pub status: FindingStatus,
    /// How it was closed, if it was.
    pub closing: Option<ClosingView>,
}

/// How a finding was closed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ClosingView {
    /// When.
    pub at: Timestamp,
    /// Who closed it: an account, or the reconciliation.
    pub by: String,
    /// The person's note about it.
    pub note: Option<String>,
}
