//! A job that a customer requested from a professional.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, CustomerId, PaymentIntentId, ProfessionalId, TransferId};
use crate::domain::marketplace::booking::{Anomaly, BookingStatus, CancelledBy, DeclinedReason, Step};
use crate::domain::marketplace::payout::BatchId;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A job that a customer requested from a professional.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingView {
    /// The booking.
    pub booking_id: BookingId,
    /// The status of the booking.
    pub status: BookingStatus,
    /// The professional who is requested.
    pub professional_id: ProfessionalId,
    /// The customer who requested it.
    pub customer_id: CustomerId,
    /// The status of the customer's payment. `…_pending` is in progress and retried; `…_refused` was refused
    /// by Stripe and stays until a person retries or closes it.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::payment_status"))]
    pub payment_status: &'static str,
    /// The payment at Stripe, once it was created.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// The price, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// The captured amount.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub captured_amount: i64,
    /// The refunded amount.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub refunded_amount: i64,
    /// The platform's fee; null for the customer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub fee_amount: Option<i64>,
    /// The professional's share; null for the customer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub payable_amount: Option<i64>,
    /// When the job begins.
    pub scheduled_start: Timestamp,
    /// When it was requested.
    pub created_at: Timestamp,
    /// When the payment was authorized.
    pub authorized_at: Option<Timestamp>,
    /// When it is declined without an answer; null unless it waits for an answer.
    pub decline_due_at: Option<Timestamp>,
    /// When the professional accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When the job was completed.
    pub completed_at: Option<Timestamp>,
    /// When it was declined.
    pub declined_at: Option<Timestamp>,
    /// Why it was declined; `payment_failed` if Stripe refused to create or to capture the payment.
    pub declined_reason: Option<DeclinedReason>,
    /// When it was declined without an answer of the professional.
    pub auto_declined_at: Option<Timestamp>,
    /// Whether the schedule declined it.
    pub processed_by_cron: bool,
    /// When it was cancelled.
    pub cancelled_at: Option<Timestamp>,
    /// Who cancelled it; `schedule` if the customer never paid.
    pub cancelled_by: Option<CancelledBy>,
    /// Whether a dispute is undecided; until then there is no payout.
    pub disputed: bool,
    /// How the professional's share was settled; null until then, and for the customer.
    pub payout: Option<BookingPayoutView>,
    /// The steps that a provider refused for good and that are not resolved yet; empty for the customer.
    pub refused: Vec<StepRefusalView>,
    /// Contradictions between the recorded facts; empty for the customer.
    pub anomalies: Vec<Anomaly>,
}

/// A step that a provider refused for good.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StepRefusalView {
    /// The refused step.
    pub step: Step,
    /// The provider's code, or one of ours.
    pub reason: String,
    /// The customer's money that waits because of it, in minor units.
    pub amount: Option<i64>,
    /// When it was refused.
    pub refused_at: Timestamp,
}

/// How a professional's share was settled.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingPayoutView {
    /// The batch that settled it.
    pub batch_id: BatchId,
    /// The transfer; null if a debt consumed the whole share.
    pub transfer_id: Option<TransferId>,
    /// When it was settled.
    pub paid_at: Timestamp,
    /// The transferred amount.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: i64,
    /// The amount that was withheld for a debt.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
}
