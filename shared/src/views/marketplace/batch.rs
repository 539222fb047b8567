//! Payout batches, and the result of every booking in them.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchCounts, BatchId, BatchStatus, EntryStatus, StartedBy};
use crate::views::Timestamp;

/// A payout batch: the payouts of one company on one day.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchSummaryView {
    /// The ID of the batch.
    pub batch_id: BatchId,
    /// The status of the batch. `failed` needs a person, because the outcome of transfers is unknown.
    pub status: BatchStatus,
    /// The number of professionals who were due on its day and are not processed. A batch with the status
    /// `waiting` goes on with them by itself.
    pub professionals_left: u64,
    /// Who or what started the batch.
    pub started_by: StartedBy,
    /// When the batch was created.
    pub created_at: Timestamp,
    /// When the status of the batch last changed.
    pub changed_at: Timestamp,
    /// The number of bookings by result.
    pub counts: BatchCounts,
    /// The totals of each currency, in minor units.
    pub totals: Vec<BatchTotalsView>,
    /// A code for why the batch waits, is incomplete or failed; `null` otherwise.
    pub reason: Option<String>,
}

/// A payout batch with a page of its bookings.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchView {
    /// The batch without its bookings.
    #[serde(flatten)]
    pub summary: BatchSummaryView,
    /// The bookings of this page, with their results.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub data: Vec<BatchEntryView>,
    /// The debts of the professionals on this page.
    pub carried: Vec<CarriedView>,
    /// The value to send as `cursor` to get the next page; `null` on the last page. Treat it as opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// The totals of a batch in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchTotalsView {
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The total that Stripe transferred.
    pub transferred_amount: i64,
    /// The total of transfers that are in progress or have an unknown outcome.
    pub open_amount: i64,
    /// The total of transfers that Stripe refused, or that were withdrawn before they were sent.
    pub rejected_amount: i64,
    /// The total that was withheld for debts.
    pub carried_amount: i64,
    /// The total that waits for a later batch.
    pub skipped_amount: i64,
}

/// The result of a booking in a batch. Amounts are in minor units of `currency`.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BatchEntryView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The result. `open`: its transfer has no final status yet. `settled`: its whole share was withheld for
    /// a debt.
    pub status: EntryStatus,
    /// The professional's share of the price.
    pub payable_amount: i64,
    /// The part of the share that is transferred.
    pub amount: i64,
    /// The part of the share that is withheld for a debt.
    pub carried_amount: i64,
    /// The operation of the transfer, which is also its idempotency key at Stripe; `null` if there is no
    /// transfer.
    pub operation: Option<String>,
    /// The ID of the transfer at Stripe; `null` until it is made.
    pub transfer_id: Option<String>,
    /// A code for why the booking waits, was refused or has an unknown outcome; `null` otherwise.
    pub reason: Option<String>,
    /// A sentence for the professional that explains the result; `null` if the transfer was made.
    pub message: Option<&'static str>,
    /// The number of attempts of an open transfer; `null` for any other result.
    pub tries: Option<u32>,
    /// When this result was decided.
    pub at: Timestamp,
}

/// The debt of a professional in one currency before and after a batch, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CarriedView {
    /// The professional who owes the debt.
    pub professional_id: ProfessionalId,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The debt before the batch.
    pub before_amount: i64,
    /// The amount that the batch withholds for the debt.
    pub used_amount: i64,
    /// The remaining debt, which later batches withhold.
    pub after_amount: i64,
}
