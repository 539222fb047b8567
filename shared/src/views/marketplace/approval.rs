//! A second person's yes to a large amount.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::ProfessionalId;
use crate::views::Timestamp;

/// A second person's approval.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ApprovalView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// The maximum amount in one batch, in minor units.
    pub amount: i64,
    /// The account that approved it.
    pub approved_by: String,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// When it expires.
    pub valid_until: Timestamp,
}
