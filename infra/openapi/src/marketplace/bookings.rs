//! Bookings: jobs that customers request from professionals, with an authorized payment.

use schemars::JsonSchema;
use serde_json::{Value, json};
use shared::domain::kernel::message::Language;
use shared::domain::kernel::party::ProfessionalId;
use shared::domain::marketplace::booking::MAX_PRICE;
use shared::views::marketplace::booking::BookingView;
use shared::views::marketplace::payment::BookingPaymentView;
use shared::views::{EmptyView, ListView};

use crate::input::{Email, never_null};
use crate::operation::{Function, Operation, get, post, with};

pub(super) fn function() -> Function {
    Function {
        name: "bookings",
        about: "Bookings: jobs that customers request from professionals, with an authorized payment.",
        unavailable: Some("BookingUnavailable"),
        operations: vec![
            request_booking(),
            list_bookings(),
            read_booking(),
            read_booking_payment(),
            accept_booking(),
            decline_booking(),
            complete_booking(),
            cancel_booking(),
        ],
    }
}

fn request_booking() -> Operation {
    post("/api/bookings", "requestBooking")
        .summary("Customer, owner: request a booking.")
        .about(
            "Stores the booking and creates a PaymentIntent at Stripe that authorizes the customer's \
             payment; `GET /api/bookings/{booking_id}/payment` returns what the customer's browser needs to \
             confirm it. If Stripe did not respond, `payment_intent_id` is `null` and a scheduled job \
             creates the PaymentIntent. Customers book for themselves; the owner names the customer. Without \
             `customer_email`, a customer with an account gets emails at the address of the account. Emails \
             are in English unless `language` is `es`.",
        )
        .twice(
            "With the same `Idempotency-Key`, the first response is returned again and no second booking is \
             created, even after a crash: the ID of the booking is derived from the key.",
        )
        .bodies::<BookingInput>([
            (
                "customer",
                "A request of a customer",
                json!({
                    "professional_id": "email:3b6f5a0c9d", "amount": 12000000, "currency": "cop",
                    "scheduled_start": "2026-07-24T15:00:00Z", "language": "es",
                }),
            ),
            (
                "owner",
                "A request of the owner for a customer",
                json!({
                    "professional_id": "email:3b6f5a0c9d", "amount": 12000000, "currency": "cop",
                    "scheduled_start": "2026-07-24T15:00:00Z", "language": "es", "customer_id": "user_k4Tz9",
                    "customer_email": "customer@example.com",
                }),
            ),
        ])
        .answer::<BookingView>(201, "The new booking.", booking())
        .fails(&["InvalidBooking", "BookingConflict"])
}

fn list_bookings() -> Operation {
    get("/api/bookings", "listBookings")
        .summary("Customer, professional, owner, provider: list bookings.")
        .about(
            "Customers see their own bookings, by status and then most recent request first. Professionals \
             see their own bookings, by status and then earliest start first. Owners and providers see all \
             bookings, most recent request first, or those of one customer or professional. A page may \
             contain fewer than `limit` items although there is another page.",
        )
        .parameters(&["BookingStatus", "OfProfessional", "OfCustomer", "Limit", "Cursor"])
        .answer::<ListView<BookingView>>(
            200,
            "A page of bookings.",
            json!({
                "data": [
                    with(booking(), json!({
                        "status": "paid_out", "payment_status": "captured", "captured_amount": 12000000,
                        "fee_amount": 1800000, "payable_amount": 10200000,
                        "authorized_at": "2026-07-20T10:02:11.000Z",
                        "accepted_at": "2026-07-20T12:00:00.000Z", "completed_at": "2026-07-24T17:00:00.000Z",
                        "payout": {
                            "batch_id": "payout-2026-07-28-tue", "transfer_id": "tr_1PqY2m",
                            "paid_at": "2026-07-28T14:00:03.120Z", "amount": 10200000, "carried_amount": 0,
                        },
                    })),
                    with(booking(), json!({
                        "status": "authorized", "payment_status": "held", "fee_amount": 0,
                        "payable_amount": 0, "authorized_at": "2026-07-20T10:02:11.000Z",
                        "decline_due_at": "2026-07-21T10:02:11.000Z",
                    })),
                ],
                "next_cursor": null,
            }),
        )
}

fn read_booking() -> Operation {
    get("/api/bookings/{booking_id}", "readBooking")
        .summary("Customer, professional, owner, provider: read a booking.")
        .about(
            "Returns the status of the booking and of its payment. Another customer's or professional's \
             booking is answered with 404. Customers do not see the platform's fee and the professional's \
             share.",
        )
        .answer::<BookingView>(
            200,
            "The booking.",
            with(
                booking(),
                json!({
                    "status": "accepted", "payment_status": "captured", "captured_amount": 12000000,
                    "fee_amount": 1800000, "payable_amount": 10200000,
                    "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                }),
            ),
        )
}

fn read_booking_payment() -> Operation {
    get("/api/bookings/{booking_id}/payment", "readBookingPayment")
        .summary("Customer, owner: read the payment that the customer's browser confirms.")
        .about("Reads the PaymentIntent from Stripe. The client secret is not stored.")
        .answer::<BookingPaymentView>(
            200,
            "The payment as Stripe reports it now.",
            json!({
                "booking_id": "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5", "payment_intent_id": "pi_3PqX9k",
                "status": "requires_payment_method", "client_secret": "pi_3PqX9k_secret_8bT1",
            }),
        )
        .fails(&["PaymentConflict"])
}

fn accept_booking() -> Operation {
    decision("/api/bookings/{booking_id}/accept", "acceptBooking", "already_accepted")
        .summary("Professional, owner: accept a booking.")
        .about(
            "Captures the authorized payment; the booking is `accepted` once that has succeeded. If Stripe \
             does not respond, the response is 202: the booking stays `authorized` with `payment_status` \
             `capture_pending`, and a scheduled job retries. If Stripe refuses the capture, the response is \
             409 `payment_failed`: the booking is `declined`, and the customer and the professional are \
             informed by email, also if Stripe refuses only later. Accepting again retries the capture with \
             a new idempotency key while the authorization is valid. If the authorization was lost \
             meanwhile, the returned booking shows it.",
        )
        .answer::<BookingView>(
            200,
            "The booking after the decision.",
            with(
                booking(),
                json!({
                    "status": "accepted", "payment_status": "captured", "captured_amount": 12000000,
                    "fee_amount": 1800000, "payable_amount": 10200000,
                    "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                }),
            ),
        )
        .answer::<BookingView>(
            202,
            "The payment is not captured yet, and a scheduled job retries.",
            with(
                booking(),
                json!({
                    "status": "authorized", "payment_status": "capture_pending", "fee_amount": 0,
                    "payable_amount": 0, "authorized_at": "2026-07-20T10:02:11.000Z",
                    "accepted_at": "2026-07-20T12:00:00.000Z",
                }),
            ),
        )
}

fn decline_booking() -> Operation {
    decision("/api/bookings/{booking_id}/decline", "declineBooking", "already_declined")
        .summary("Professional, owner: decline a booking.")
        .about("Voids the customer's payment and informs the customer by email.")
        .answer::<BookingView>(
            200,
            "The booking after the decision.",
            with(
                booking(),
                json!({
                    "status": "declined", "payment_status": "released", "fee_amount": 0, "payable_amount": 0,
                    "authorized_at": "2026-07-20T10:02:11.000Z", "declined_at": "2026-07-20T12:00:00.000Z",
                    "declined_reason": "professional_declined",
                }),
            ),
        )
}

fn complete_booking() -> Operation {
    decision("/api/bookings/{booking_id}/complete", "completeBooking", "already_completed")
        .summary("Professional, owner: complete a booking.")
        .about(
            "Reports that the job is done. The professional's share is part of the next payouts after the \
             hold-back period.",
        )
        .answer::<BookingView>(
            200,
            "The booking after the decision.",
            with(
                booking(),
                json!({
                    "status": "completed", "payment_status": "captured", "captured_amount": 12000000,
                    "fee_amount": 1800000, "payable_amount": 10200000,
                    "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                    "completed_at": "2026-07-24T17:00:00.000Z",
                }),
            ),
        )
}

fn cancel_booking() -> Operation {
    decision("/api/bookings/{booking_id}/cancel", "cancelBooking", "already_cancelled")
        .summary("Customer, professional, owner: cancel a booking.")
        .about(
            "Until the professional accepts, the customer, the professional and the owner may cancel; \
             afterwards, until the job is completed, only the professional and the owner. An authorized \
             payment is voided, and a captured one is refunded. If Stripe refuses that, `payment_status` is \
             `release_refused` or `refund_refused`, and the customer is informed by email, unless the \
             customer cancelled and gets this response.",
        )
        .answer::<BookingView>(
            200,
            "The booking after the decision.",
            with(
                booking(),
                json!({
                    "status": "cancelled", "payment_status": "released",
                    "authorized_at": "2026-07-20T10:02:11.000Z", "cancelled_at": "2026-07-20T11:00:00.000Z",
                    "cancelled_by": "customer",
                }),
            ),
        )
}

/// An operation that decides about a booking. It needs no input; if another decision came first, the error
/// names it.
fn decision(path: &'static str, id: &'static str, earlier: &str) -> Operation {
    post(path, id)
        .twice(format!(
            "With the same `Idempotency-Key`, the first response is returned again, even after a crash. With \
             another key, the response is 409 and names the earlier decision, such as `{earlier}`."
        ))
        .body::<EmptyView>(json!({}))
        .optional()
        .fails(&["InvalidBooking", "BookingConflict"])
}

fn booking() -> Value {
    json!({
        "booking_id": "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5", "status": "requested",
        "professional_id": "email:3b6f5a0c9d", "customer_id": "user_k4Tz9", "payment_status": "unpaid",
        "payment_intent_id": "pi_3PqX9k", "amount": 12000000, "currency": "cop", "captured_amount": 0,
        "refunded_amount": 0, "fee_amount": null, "payable_amount": null,
        "scheduled_start": "2026-07-24T15:00:00.000Z", "created_at": "2026-07-20T10:00:00.000Z",
        "authorized_at": null, "decline_due_at": null, "accepted_at": null, "completed_at": null,
        "declined_at": null, "declined_reason": null, "auto_declined_at": null, "processed_by_cron": false,
        "cancelled_at": null, "cancelled_by": null, "disputed": false, "payout": null, "refused": [],
        "anomalies": [],
    })
}

/// The booking to request.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct BookingInput {
    /// The professional from whom the job is requested.
    pub professional_id: ProfessionalId,
    /// The customer. Required if the owner sends the request; a customer can only name themselves.
    pub customer_id: Option<ProfessionalId>,
    /// The price, in minor units of `currency`. Colombian pesos have two decimals.
    #[schemars(range(min = 1, max = MAX_PRICE))]
    pub amount: i64,
    /// The currency: ISO 4217, and one in which cards can be charged.
    #[schemars(regex(pattern = r"^[A-Za-z]{3}$"))]
    pub currency: String,
    /// When the job begins: a time in the future, at most 732 days ahead.
    #[schemars(extend("format" = "date-time"))]
    pub scheduled_start: String,
    /// The customer's address for emails about the booking.
    pub customer_email: Option<Email>,
    /// The language of emails about the booking.
    #[schemars(extend("default" = "en"))]
    pub language: Option<Language>,
}
