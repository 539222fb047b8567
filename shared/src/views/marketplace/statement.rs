//! A professional's statement: earnings, payouts and debt.

use serde::Serialize;
use uuid::Uuid;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::booking::Kind;
use crate::views::Timestamp;

/// A page of a professional's statement: earnings, payouts and debt, newest first.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementView {
    /// The ID of the professional.
    pub professional_id: ProfessionalId,
    /// The current balances of each currency, over all lines and not only those of this page.
    pub balances: Vec<StatementBalanceView>,
    /// The lines of this page, newest first.
    #[cfg_attr(feature = "openapi", schemars(length(max = 200)))]
    pub data: Vec<StatementLineView>,
    /// The value to send as `cursor` to get the next page; `null` on the last page. Treat it as opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// The current balances of a professional in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementBalanceView {
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The professional's shares that are not settled.
    pub owed_amount: i128,
    /// The debt of the professional.
    pub carried_amount: i128,
    /// The total transferred to the professional.
    pub paid_amount: i128,
    /// The part of `paid_amount` that was reversed.
    pub reversed_amount: i128,
}

/// What a ledger entry changes for a professional. Amounts are in minor units of `currency`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementLineView {
    /// When the cause of the entry happened.
    pub at: Timestamp,
    /// The ID of the ledger entry.
    pub entry_id: Uuid,
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The kind of fact that caused the entry.
    pub cause: Kind,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The change of the unsettled share; negative if it decreases.
    pub owed_amount: i64,
    /// The change of the debt: positive for a new debt, negative for a withheld one.
    pub carried_amount: i64,
    /// The amount that was transferred.
    pub paid_amount: i64,
    /// The amount of a transfer that was reversed.
    pub reversed_amount: i64,
}
