//! What a run of the payouts decided, or would decide.

use serde::Serialize;

use super::batch::CarriedView;
use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::marketplace::payout::{BatchId, SkipReason};

/// What a run decided, or would decide.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PayoutPlanView {
    /// Which batch.
    pub batch_id: BatchId,
    /// Whether nothing was claimed and written.
    pub dry_run: bool,
    /// What is transferred.
    pub transfers: Vec<PlannedTransferView>,
    /// What a debt takes all of.
    pub settled: Vec<SettledView>,
    /// What waits.
    pub skips: Vec<SkippedView>,
    /// What professionals owe.
    pub carried: Vec<CarriedView>,
    /// The sums by currency, in minor units.
    pub totals: Vec<PlanTotalsView>,
    /// What a second person would have to approve.
    pub awaiting_approval: Vec<AwaitingApprovalView>,
    /// Whether a bound was reached: another request goes on.
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
    /// What is transferred.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// The currency, in lower case.
    pub currency: Currency,
    /// What is kept back of the share for a debt.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
    /// The operation, also the idempotency key at Stripe.
    pub operation: String,
}

/// A booking that a debt takes all of.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SettledView {
    /// The booking.
    pub booking_id: BookingId,
    /// The professional.
    pub professional_id: ProfessionalId,
    /// What is kept back: all.
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
    /// For what.
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
    /// What is transferred.
    pub transferred_amount: i64,
    /// What is kept back for debts.
    pub carried_amount: i64,
    /// What waits.
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
