//! The payouts of one day, and what became of every booking in them.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchCounts, BatchId, BatchStatus, EntryStatus, StartedBy};
use crate::views::Timestamp;

/// A payout batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchSummaryView {
    /// Which batch.
    pub batch_id: BatchId,
    /// How far it is. `failed` waits for a person: transfers are in doubt.
    pub status: BatchStatus,
    /// Who started it.
    pub started_by: StartedBy,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
    /// How many bookings are where.
    pub counts: BatchCounts,
    /// The sums by currency, in minor units.
    pub totals: Vec<BatchTotalsView>,
    /// Why it failed.
    pub reason: Option<String>,
}

/// A payout batch, and a page of its bookings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchView {
    /// How far it is.
    #[serde(flatten)]
    pub summary: BatchSummaryView,
    /// The bookings.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub data: Vec<BatchEntryView>,
    /// What the professionals of the page owe.
    pub carried: Vec<CarriedView>,
    /// Send it as `cursor` to get the next page; null on the last page. Its content is opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// One currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchTotalsView {
    /// The currency, in lower case.
    pub currency: Currency,
    /// What Stripe transferred.
    pub transferred_amount: i64,
    /// What is on its way, or in doubt.
    pub open_amount: i64,
    /// What Stripe refused.
    pub rejected_amount: i64,
    /// What was kept back for debts.
    pub carried_amount: i64,
    /// What waits for a later batch.
    pub skipped_amount: i64,
}

/// What became of a booking in a batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchEntryView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// `open`: its transfer has not ended. `settled`: a debt took all of it.
    pub status: EntryStatus,
    /// The professional's share.
    pub payable_amount: i64,
    /// What is transferred of it.
    pub amount: i64,
    /// What is kept back of it for a debt.
    pub carried_amount: i64,
    /// The transfer's operation, also its idempotency key at Stripe.
    pub operation: Option<String>,
    /// The transfer at Stripe.
    pub transfer_id: Option<String>,
    /// Why it waits, was refused or is in doubt: a word.
    pub reason: Option<String>,
    /// The same as a sentence for the professional.
    pub message: Option<&'static str>,
    /// How often an open transfer was tried.
    pub tries: Option<u32>,
    /// When that was decided.
    pub at: Timestamp,
}

/// What a professional owes in a currency, before and after the batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CarriedView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// The debt before the batch.
    pub before_amount: i64,
    /// What the batch keeps back.
    pub used_amount: i64,
    /// The debt that is carried forward.
    pub after_amount: i64,
}
