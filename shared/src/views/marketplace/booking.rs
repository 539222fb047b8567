//! A job that a customer asked a professional for.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, CustomerId, PaymentIntentId, ProfessionalId, TransferId};
use crate::domain::marketplace::booking::{Anomaly, BookingStatus, CancelledBy, DeclinedReason, Step};
use crate::domain::marketplace::payout::BatchId;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A job that a customer asked a professional for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingView {
    /// The booking.
    pub booking_id: BookingId,
    /// How far it is.
    pub status: BookingStatus,
    /// Who is asked to do the job.
    pub professional_id: ProfessionalId,
    /// Who asked for it.
    pub customer_id: CustomerId,
    /// Where the customer's money is. What is `…_pending` is being done and is tried again; what is `…_refused`
    /// Stripe refused, and it stays as it is until a person has it tried again or closes it.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::payment_status"))]
    pub payment_status: &'static str,
    /// The payment at Stripe, once it was opened.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// The price, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// ISO 4217, lower case.
    pub currency: Currency,
    /// What was taken from the customer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub captured_amount: i64,
    /// What of it went back.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub refunded_amount: i64,
    /// Our part of what stayed; null for the customer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub fee_amount: Option<i64>,
    /// The professional's part of what stayed; null for the customer.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub payable_amount: Option<i64>,
    /// When the job begins.
    pub scheduled_start: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When the customer's money was held.
    pub authorized_at: Option<Timestamp>,
    /// When it is declined without an answer; null unless it waits for an answer.
    pub decline_due_at: Option<Timestamp>,
    /// When it became a promise.
    pub accepted_at: Option<Timestamp>,
    /// When the job was done.
    pub completed_at: Option<Timestamp>,
    /// When it was declined.
    pub declined_at: Option<Timestamp>,
    /// Why it was declined; `payment_failed` where Stripe refused to open or to take the payment.
    pub declined_reason: Option<DeclinedReason>,
    /// When it was declined without a word of the professional.
    pub auto_declined_at: Option<Timestamp>,
    /// Whether the schedule declined it.
    pub processed_by_cron: bool,
    /// When it was called off.
    pub cancelled_at: Option<Timestamp>,
    /// Who called it off; `schedule` where the customer never paid.
    pub cancelled_by: Option<CancelledBy>,
    /// Whether a dispute is undecided; no payout leaves meanwhile.
    pub disputed: bool,
    /// How the professional's part was settled; null until then, and for the customer.
    pub payout: Option<BookingPayoutView>,
    /// The steps that a provider refused for good and that nothing has resolved yet; nothing for the customer.
    pub refused: Vec<StepRefusalView>,
    /// What does not add up; nothing for the customer.
    pub anomalies: Vec<Anomaly>,
}

/// A step that a provider refused for good.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StepRefusalView {
    /// Which step.
    pub step: Step,
    /// The provider's code, or our own word.
    pub reason: String,
    /// The customer's money that waits because of it, in minor units.
    pub amount: Option<i64>,
    /// When it was refused.
    pub refused_at: Timestamp,
}

/// How a professional's part was settled.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingPayoutView {
    /// In which batch.
    pub batch_id: BatchId,
    /// By which transfer; null where a debt took all.
    pub transfer_id: Option<TransferId>,
    /// When it was settled.
    pub paid_at: Timestamp,
    /// What was transferred.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: i64,
    /// What was kept back for a debt.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
}
