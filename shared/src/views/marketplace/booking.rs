//! A booking: a job that a customer requests from a professional.

use serde::Serialize;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, CustomerId, PaymentIntentId, ProfessionalId, TransferId};
use crate::domain::marketplace::booking::{Anomaly, BookingStatus, CancelledBy, DeclinedReason, Step};
use crate::domain::marketplace::payout::BatchId;
use crate::views::Timestamp;
#[cfg(feature = "openapi")]
use crate::views::schema;

/// A booking: a job that a customer requests from a professional, and its payment.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The status of the booking.
    pub status: BookingStatus,
    /// The professional from whom the job is requested.
    pub professional_id: ProfessionalId,
    /// The customer who requested the job.
    pub customer_id: CustomerId,
    /// The status of the customer's payment. `…_pending`: the step is in progress and is retried.
    /// `…_refused`: Stripe refused the step; this remains until a person retries or closes it.
    #[cfg_attr(feature = "openapi", schemars(schema_with = "schema::payment_status"))]
    pub payment_status: &'static str,
    /// The ID of the PaymentIntent at Stripe; `null` until it is created.
    pub payment_intent_id: Option<PaymentIntentId>,
    /// The price, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1)))]
    pub amount: i64,
    /// The currency: ISO 4217, lower case.
    pub currency: Currency,
    /// The amount captured from the customer, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub captured_amount: i64,
    /// The part of `captured_amount` that was refunded, in minor units of `currency`.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub refunded_amount: i64,
    /// The platform's fee on the captured amount less refunds and lost disputes, in minor units of
    /// `currency`; `null` if a customer reads the booking.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub fee_amount: Option<i64>,
    /// The professional's share: the captured amount less refunds, lost disputes and the fee, in minor units
    /// of `currency`; `null` if a customer reads the booking.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub payable_amount: Option<i64>,
    /// When the job is scheduled to begin.
    pub scheduled_start: Timestamp,
    /// When the booking was requested.
    pub created_at: Timestamp,
    /// When the payment was authorized; `null` until then.
    pub authorized_at: Option<Timestamp>,
    /// When the booking is declined automatically; `null` unless it waits for the professional's answer.
    pub decline_due_at: Option<Timestamp>,
    /// When the professional accepted the booking, or when the payment was captured; `null` until then.
    pub accepted_at: Option<Timestamp>,
    /// When the job was reported as completed; `null` until then.
    pub completed_at: Option<Timestamp>,
    /// When the booking was declined; `null` if it was not.
    pub declined_at: Option<Timestamp>,
    /// Why the booking was declined; `null` if it was not. `payment_failed`: Stripe refused to create or to
    /// capture the payment.
    pub declined_reason: Option<DeclinedReason>,
    /// When the booking was declined without an answer of the professional; `null` if it was not.
    pub auto_declined_at: Option<Timestamp>,
    /// Whether a scheduled job declined the booking.
    pub processed_by_cron: bool,
    /// When the booking was cancelled; `null` if it was not.
    pub cancelled_at: Option<Timestamp>,
    /// Who cancelled the booking; `null` if it was not cancelled. `schedule`: the customer never paid.
    pub cancelled_by: Option<CancelledBy>,
    /// Whether a dispute is undecided. The booking is not paid out meanwhile.
    pub disputed: bool,
    /// How the professional's share was paid out; `null` until then, and if a customer reads the booking.
    pub payout: Option<BookingPayoutView>,
    /// The steps that a provider refused permanently and that are not resolved yet; empty if a customer reads
    /// the booking.
    pub refused: Vec<StepRefusalView>,
    /// Inconsistencies between the recorded facts of the booking; empty if a customer reads the booking.
    pub anomalies: Vec<Anomaly>,
}

/// A step of a booking that a provider refused permanently.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct StepRefusalView {
    /// The step that was refused.
    pub step: Step,
    /// The provider's error code, or a code of this API.
    pub reason: String,
    /// The customer's money that is held up by the refusal, in minor units of the booking's currency; `null`
    /// if none is.
    pub amount: Option<i64>,
    /// When the provider refused the step.
    pub refused_at: Timestamp,
}

/// How a professional's share was paid out. Amounts are in minor units of the booking's currency.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingPayoutView {
    /// The batch that contains the payout.
    pub batch_id: BatchId,
    /// The ID of the transfer at Stripe; `null` if the whole share was withheld for a debt.
    pub transfer_id: Option<TransferId>,
    /// When the share was transferred or withheld.
    pub paid_at: Timestamp,
    /// The amount that was transferred.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub amount: i64,
    /// The amount that was withheld for a debt.
    #[cfg_attr(feature = "openapi", schemars(range(min = 0)))]
    pub carried_amount: i64,
}
