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
    /// The batch's day and time.
    pub batch_id: BatchId,
    /// Whether it was a dry run.
    pub dry_run: bool,
    /// The planned transfers.
    pub transfers: Vec<PlannedTransferView>,
    /// The bookings that a debt consumes entirely.
    pub settled: Vec<SettledView>,
    /// The bookings that wait.
    pub skips: Vec<SkippedView>,
    /// The debts of professionals.
    pub carried: Vec<CarriedView>,
    /// The sums by currency, in minor units.
    pub totals: Vec<PlanTotalsView>,
    /// The amounts that need a second person's approval.
    pub awaiting_approval: Vec<AwaitingApprovalView>,
    /// Whether a limit was reached: another request continues.
    pub more: bool,
}

/// A transfer.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlannedTransferView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The amount that is transferred.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// The currency, in lower case.
    pub currency: Currency,
    /// The amount that is withheld from the share for a debt.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
    /// The operation, also the idempotency key at Stripe.
    pub operation: String,
}

/// A booking whose share a debt consumes entirely.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SettledView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The withheld amount: the whole share.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
    /// The currency, in lower case.
    pub currency: Currency,
}

/// A booking that waits.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SkippedView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The share that waits.
    pub amount: i64,
    /// The currency, in lower case.
    pub currency: Currency,
    /// Why it waits: a code.
    pub reason: SkipReason,
    /// The same as a sentence for the professional.
    pub message: &'static str,
}

/// One currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanTotalsView {
    /// The currency, in lower case.
    pub currency: Currency,
    /// All shares.
    pub payable_amount: i64,
    /// The amount that is transferred.
    pub transferred_amount: i64,
    /// The amount that is withheld for debts.
    pub carried_amount: i64,
    /// The amount that waits.
    pub skipped_amount: i64,
}

/// A professional's amount.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AwaitingApprovalView {
    /// The professional.
    pub professional_id: ProfessionalId,
    /// The currency, in lower case.
    pub currency: Currency,
    /// In minor units.
    pub amount: i64,
}
