//! The payment that the customer's browser confirms.

use serde::Serialize;

use crate::domain::kernel::party::BookingId;
use crate::providers::stripe::payment::PaymentIntentStatus;

/// The current state of a payment at Stripe.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingPaymentView {
    /// The booking.
    pub booking_id: BookingId,
    /// The payment at Stripe.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::party::PaymentIntentId"))]
    pub payment_intent_id: String,
    /// Stripe's status of the payment.
    pub status: PaymentIntentStatus,
    /// The customer's browser confirms the payment with it. It is a secret of the customer.
    pub client_secret: Option<String>,
}
