//! The payouts of one day, with the result for each booking.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchCounts, BatchId, BatchStatus, EntryStatus, StartedBy};
use crate::views::Timestamp;

/// A payout batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchSummaryView {
    /// The batch's day and time.
    pub batch_id: BatchId,
    /// Its status. `failed` waits for a person: transfers are in doubt.
    pub status: BatchStatus,
    /// The account or schedule that started it.
    pub started_by: StartedBy,
    /// When it was planned.
    pub created_at: Timestamp,
    /// When its status changed last.
    pub changed_at: Timestamp,
    /// The number of bookings by status.
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
    /// The batch without its bookings.
    #[serde(flatten)]
    pub summary: BatchSummaryView,
    /// The bookings.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub data: Vec<BatchEntryView>,
    /// The debts of the professionals on the page.
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
    /// The amount that Stripe transferred.
    pub transferred_amount: i64,
    /// The amount of open transfers and of those in doubt.
    pub open_amount: i64,
    /// The amount that Stripe refused.
    pub rejected_amount: i64,
    /// The amount that was withheld for debts.
    pub carried_amount: i64,
    /// The amount that waits for a later batch.
    pub skipped_amount: i64,
}

/// The result for one booking of a batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchEntryView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// `open`: its transfer has not ended. `settled`: a debt consumed the whole share.
    pub status: EntryStatus,
    /// The professional's share.
    pub payable_amount: i64,
    /// The amount that is transferred.
    pub amount: i64,
    /// The amount that is withheld for a debt.
    pub carried_amount: i64,
    /// The transfer's operation, also its idempotency key at Stripe.
    pub operation: Option<String>,
    /// The transfer at Stripe.
    pub transfer_id: Option<String>,
    /// Why it waits, was refused or is in doubt: a code.
    pub reason: Option<String>,
    /// The same as a sentence for the professional.
    pub message: Option<&'static str>,
    /// How often an open transfer was tried.
    pub tries: Option<u32>,
    /// When that was decided.
    pub at: Timestamp,
}

/// A professional's debt in a currency, before and after the batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CarriedView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// The debt before the batch.
    pub before_amount: i64,
    /// The amount that the batch withholds.
    pub used_amount: i64,
    /// The debt that is carried forward.
    pub after_amount: i64,
}
