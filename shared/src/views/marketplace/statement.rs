//! A professional's earnings, payouts and debts.

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
    /// The current balances over all lines.
    pub balances: Vec<StatementBalanceView>,
    /// The lines.
    #[cfg_attr(feature = "openapi", schemars(length(max = 200)))]
    pub data: Vec<StatementLineView>,
    /// Send it as `cursor` to get the next page; null on the last page. Its content is opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// A professional's balances in one currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementBalanceView {
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// The amount that is still to be settled.
    pub owed_amount: i128,
    /// The professional's debt.
    pub carried_amount: i128,
    /// The transferred amount.
    pub paid_amount: i128,
    /// The amount of reversed transfers.
    pub reversed_amount: i128,
}

/// The changes by one fact.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StatementLineView {
    /// When it happened.
    pub at: Timestamp,
    /// The ledger entry.
    pub entry_id: Uuid,
    /// The booking.
    pub booking_id: BookingId,
    /// The kind of the fact.
    pub cause: Kind,
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// The change of the amount to be settled.
    pub owed_amount: i64,
    /// The change of the debt.
    pub carried_amount: i64,
    /// The transferred amount.
    pub paid_amount: i64,
    /// The reversed amount.
    pub reversed_amount: i64,
}
