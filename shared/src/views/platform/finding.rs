//! What Stripe and the books differ in.

use serde::Serialize;

use crate::domain::kernel::party::BookingId;
use crate::store::marketplace::reconciliation::{FindingKind, FindingStatus};
use crate::views::Timestamp;

/// What Stripe and the books differ in at one place. Amounts are in minor units: above nothing where money came
/// in, below where it left.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FindingView {
    /// The place where Stripe and the books differ: Stripe's id of what moved, or `<id>:reversed` for what came
    /// back of it.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub finding_id: String,
    /// What is wrong. `transfer_in_doubt` is closed by resolving the transfer.
    pub kind: FindingKind,
    /// The same as a sentence.
    pub message: &'static str,
    /// The booking it names, if any.
    pub booking_id: Option<BookingId>,
    /// The line of Stripe's balance by which it was found.
    pub line_id: Option<String>,
    /// What has moved there by Stripe's word, in minor units.
    pub stripe_amount: i64,
    /// What has moved there by the books, in minor units.
    pub books_amount: i64,
    /// The one less the other, in minor units.
    pub difference_amount: i64,
    /// The currency, in Stripe's word.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub currency: String,
    /// Since when it is listed.
    pub found_at: Timestamp,
    /// `explained`: Stripe and the books agree by now. `accepted`: a person closed it as it is.
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
    /// By whom: an account, or the reconciliation.
    pub by: String,
    /// What the person had to say of it.
    pub note: Option<String>,
}
