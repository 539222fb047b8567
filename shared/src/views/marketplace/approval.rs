//! The approval of a large payout by a second person.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::ProfessionalId;
use crate::views::Timestamp;

/// The approval of a large payout by a second person.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ApprovalView {
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The highest amount that one batch may pay, in minor units of `currency`.
    pub amount: i64,
    /// The ID of the account that approved the payout.
    pub approved_by: String,
    /// When the payout was approved.
    pub approved_at: Timestamp,
    /// When the approval expires.
    pub valid_until: Timestamp,
}
