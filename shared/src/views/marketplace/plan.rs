//! The decisions of a payout run or a dry run.

use serde::Serialize;

use super::batch::CarriedView;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchId, SkipReason};

/// The decisions of a payout run or a dry run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PayoutPlanView {
    /// The ID of the batch.
    pub batch_id: BatchId,
    /// Whether this was a dry run, which stores nothing and makes no transfer.
    pub dry_run: bool,
    /// The transfers to professionals, one per booking.
    pub transfers: Vec<PlannedTransferView>,
    /// The bookings whose whole share is withheld for a debt.
    pub settled: Vec<SettledView>,
    /// The bookings that wait for a later batch.
    pub skips: Vec<SkippedView>,
    /// The debts of the professionals before and after the batch.
    pub carried: Vec<CarriedView>,
    /// The totals of each currency, in minor units.
    pub totals: Vec<PlanTotalsView>,
    /// The payouts that a second person must approve.
    pub awaiting_approval: Vec<AwaitingApprovalView>,
    /// Whether a limit was reached. Send another request to continue.
    pub more: bool,
}

/// The transfer of a professional's share of a booking.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlannedTransferView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The professional who is paid.
    pub professional_id: ProfessionalId,
    /// The amount that is transferred, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The part of the share that is withheld for a debt, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
    /// The operation of the transfer, which is also its idempotency key at Stripe.
    pub operation: String,
}

/// A booking whose whole share is withheld for a debt, so that there is no transfer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SettledView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The professional who owes the debt.
    pub professional_id: ProfessionalId,
    /// The amount that is withheld: the whole share, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
}

/// A booking that waits for a later batch.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SkippedView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The professional who is to be paid.
    pub professional_id: ProfessionalId,
    /// The professional's share, in minor units of `currency`.
    pub amount: i64,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// Why the booking waits.
    pub reason: SkipReason,
    /// The reason as a sentence for the professional.
    pub message: &'static str,
}

/// The totals of a plan in one currency, in minor units.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanTotalsView {
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The total of all shares.
    pub payable_amount: i64,
    /// The total of the transfers.
    pub transferred_amount: i64,
    /// The total that is withheld for debts.
    pub carried_amount: i64,
    /// The total that waits for a later batch.
    pub skipped_amount: i64,
}

/// A payout that a second person must approve.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AwaitingApprovalView {
    /// The professional who is to be paid.
    pub professional_id: ProfessionalId,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The amount to approve, in minor units of `currency`.
    pub amount: i64,
}
