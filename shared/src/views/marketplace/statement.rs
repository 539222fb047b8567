//! What a professional earned, was paid and owes.

use serde::Serialize;
use uuid::Uuid;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::booking::Kind;
use crate::views::Timestamp;

/// A page of a professional's statement, the newest line first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// What stands now, over all lines there ever were.
    pub balances: Vec<StatementBalanceView>,
    /// The lines.
    #[cfg_attr(feature = "openapi", schemars(length(max = 200)))]
    pub data: Vec<StatementLineView>,
    /// Send it as `cursor` to get the next page; null on the last page. Its content is opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// What stands on a professional's accounts in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementBalanceView {
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// What is still to be settled.
    pub owed_amount: i128,
    /// What the professional owes.
    pub carried_amount: i128,
    /// What was transferred.
    pub paid_amount: i128,
    /// What of it came back.
    pub reversed_amount: i128,
}

/// What one fact changed for a professional.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementLineView {
    /// When it happened.
    pub at: Timestamp,
    /// The entry in the books.
    pub entry_id: Uuid,
    /// The booking.
    pub booking_id: BookingId,
    /// What happened.
    pub cause: Kind,
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// More or less to be settled.
    pub owed_amount: i64,
    /// A debt made, or kept back.
    pub carried_amount: i64,
    /// What was transferred.
    pub paid_amount: i64,
    /// What came back of a transfer.
    pub reversed_amount: i64,
}
