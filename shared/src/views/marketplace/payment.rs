//! The payment that the customer's browser confirms.

use serde::Serialize;

use crate::domain::kernel::party::BookingId;
use crate::providers::stripe::payment::PaymentIntentStatus;

/// The payment of a booking as Stripe reports it at the time of the request.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BookingPaymentView {
    /// The ID of the booking.
    pub booking_id: BookingId,
    /// The ID of the PaymentIntent at Stripe.
    #[cfg_attr(feature = "openapi", schemars(with = "crate::domain::kernel::party::PaymentIntentId"))]
    pub payment_intent_id: String,
    /// The status of the PaymentIntent, as Stripe reports it.
    pub status: PaymentIntentStatus,
    /// The client secret of the PaymentIntent, with which the customer's browser confirms the payment; `null`
    /// if Stripe returned none. Only the customer may see it.
    pub client_secret: Option<String>,
}
