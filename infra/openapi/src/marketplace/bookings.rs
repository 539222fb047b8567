//! Bookings: customers request a job, and their payment is authorized until it is answered.

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
        about: "Jobs that customers ask professionals for, their money held until they are answered.",
        unavailable: Some("BookingUnavailable"),
        operations: vec![
            post("/api/bookings", "requestBooking")
                .summary("Customer, owner: request a job from a professional.")
                .about("Writes the booking down and opens the payment at Stripe by which the customer's money is \
                     held; `GET /api/bookings/{booking_id}/payment` gives the customer's browser what it confirms. \
                     Where Stripe did not answer, `payment_intent_id` is null and the schedule opens it. A customer \
                     requests for itself; the owner names the customer. Without `customer_email` a customer with an \
                     account of ours is reached at its own address. Mails are in English unless `language` says `es`.")
                .twice("with the same `Idempotency-Key` the first answer again and no second booking, also after \
                     a crash in the middle: the booking is named by the key.")
                .bodies::<BookingInput>([
                    ("customer", "A customer requests", json!({
                        "professional_id": "email:3b6f5a0c9d", "amount": 12000000, "currency": "cop",
                        "scheduled_start": "2026-07-24T15:00:00Z", "language": "es",
                    })),
                    ("owner", "The owner requests for a customer", json!({
                        "professional_id": "email:3b6f5a0c9d", "amount": 12000000, "currency": "cop",
                        "scheduled_start": "2026-07-24T15:00:00Z", "language": "es", "customer_id": "user_k4Tz9",
                        "customer_email": "customer@example.com",
                    })),
                ])
                .answer::<BookingView>(201, "The booking.", booking())
                .fails(&["InvalidBooking", "BookingConflict"]),
            get("/api/bookings", "listBookings")
                .summary("Customer, professional, owner, provider: see bookings.")
                .about("A customer sees its own, by status and then the newest request first; a professional its \
                     own, by status and then the earliest start first. Owner and provider see all, the newest request \
                     first, or one party's. A page may hold fewer than `limit` and still have a next one.")
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
                ),
            get("/api/bookings/{booking_id}", "readBooking")
                .summary("Customer, professional, owner, provider: see one booking.")
                .about("Where it stands. Another's is absent. What the platform keeps and what the professional \
                     gets is not shown to the customer.")
                .answer::<BookingView>(
                    200,
                    "The booking.",
                    with(booking(), json!({
                        "status": "accepted", "payment_status": "captured", "captured_amount": 12000000,
                        "fee_amount": 1800000, "payable_amount": 10200000,
                        "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                    })),
                ),
            get("/api/bookings/{booking_id}/payment", "readBookingPayment")
                .summary("Customer, owner: get the payment's client secret.")
                .about("Read from Stripe at this moment and kept nowhere.")
                .answer::<BookingPaymentView>(
                    200,
                    "The current state of the payment at Stripe.",
                    json!({
                        "booking_id": "5f0c2a1e-7d3b-5a9c-8e11-90b1c2d3e4f5", "payment_intent_id": "pi_3PqX9k",
                        "status": "requires_payment_method", "client_secret": "pi_3PqX9k_secret_8bT1",
                    }),
                )
                .fails(&["PaymentConflict"]),
            decision("/api/bookings/{booking_id}/accept", "acceptBooking", "already_accepted")
                .summary("Professional, owner: accept the booking.")
                .about("The customer's money, which is held, is taken at once: only then is the booking \
                     `accepted`. Where Stripe does not answer, the answer is 202, the booking stays `authorized` \
                     (`payment_status` `capture_pending`) and the sweep goes on. Where Stripe refuses to take it, the \
                     answer is 409 `payment_failed`, the booking is `declined`, and the customer and the professional \
                     get a mail, also where Stripe refuses it only later; accepting again tries again under a new key \
                     while the hold lasts. Where the hold was lost meanwhile, the booking in the answer says so.")
                .answer::<BookingView>(
                    200,
                    "The booking as it stands.",
                    with(booking(), json!({
                        "status": "accepted", "payment_status": "captured", "captured_amount": 12000000,
                        "fee_amount": 1800000, "payable_amount": 10200000,
                        "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                    })),
                )
                .answer::<BookingView>(
                    202,
                    "The money is not taken yet; the sweep goes on.",
                    with(booking(), json!({
                        "status": "authorized", "payment_status": "capture_pending", "fee_amount": 0,
                        "payable_amount": 0, "authorized_at": "2026-07-20T10:02:11.000Z",
                        "accepted_at": "2026-07-20T12:00:00.000Z",
                    })),
                 ),
            decision("/api/bookings/{booking_id}/decline", "declineBooking", "already_declined")
                .summary("Professional, owner: decline the booking.")
                .about("The customer's payment is voided, and the customer gets a mail.")
                .answer::<BookingView>(
                    200,
                    "The booking as it stands.",
                    with(booking(), json!({
                        "status": "declined", "payment_status": "released", "fee_amount": 0, "payable_amount": 0,
                        "authorized_at": "2026-07-20T10:02:11.000Z", "declined_at": "2026-07-20T12:00:00.000Z",
                        "declined_reason": "professional_declined",
                    })),
                 ),
            decision("/api/bookings/{booking_id}/complete", "completeBooking", "already_completed")
                .summary("Professional, owner: complete the booking.")
                .about("From the end of the hold-back on, the professional's share goes out with the next payouts.")
                .answer::<BookingView>(
                    200,
                    "The booking as it stands.",
                    with(booking(), json!({
                        "status": "completed", "payment_status": "captured", "captured_amount": 12000000,
                        "fee_amount": 1800000, "payable_amount": 10200000,
                        "authorized_at": "2026-07-20T10:02:11.000Z", "accepted_at": "2026-07-20T12:00:00.000Z",
                        "completed_at": "2026-07-24T17:00:00.000Z",
                    })),
                 ),
            decision("/api/bookings/{booking_id}/cancel", "cancelBooking", "already_cancelled")
                .summary("Customer, professional, owner: cancel the booking.")
                .about("Until the professional accepts, anybody concerned may; afterwards, until the job is done, \
                     the professional and the owner. Money that is held is let go, money that was taken is given \
                     back. Where Stripe refuses that, `payment_status` says so (`release_refused`, `refund_refused`) \
                     and the customer gets a mail, unless they cancelled themselves and read it here.")
                .answer::<BookingView>(
                    200,
                    "The booking as it stands.",
                    with(booking(), json!({
                        "status": "cancelled", "payment_status": "released",
                        "authorized_at": "2026-07-20T10:02:11.000Z", "cancelled_at": "2026-07-20T11:00:00.000Z",
                        "cancelled_by": "customer",
                    })),
                 ),
        ],
    }
}

/// A decision about a booking: without input, and answered with the earlier decision if there is one.
fn decision(path: &'static str, id: &'static str, earlier: &str) -> Operation {
    post(path, id)
        .twice(format!(
            "with the same `Idempotency-Key` the first answer again, also after a crash in the middle. \
             With another key: 409 with the word for what was decided, such as `{earlier}`."
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

/// The request for a job.
#[derive(JsonSchema)]
#[schemars(transform = never_null)]
pub struct BookingInput {
    /// The professional who is requested.
    pub professional_id: ProfessionalId,
    /// The customer; only for the owner, who has to name one.
    pub customer_id: Option<ProfessionalId>,
    /// The price, in minor units of `currency`. Pesos of Colombia have two decimals.
    #[schemars(range(min = 1, max = MAX_PRICE))]
    pub amount: i64,
    /// A currency that cards are charged in.
    #[schemars(regex(pattern = r"^[A-Za-z]{3}$"))]
    pub currency: String,
    /// When the job begins: a time to come, at most two years ahead.
    #[schemars(extend("format" = "date-time"))]
    pub scheduled_start: String,
    /// The address for the mail about a decline.
    pub customer_email: Option<Email>,
    /// In which language.
    #[schemars(extend("default" = "en"))]
    pub language: Option<Language>,
}
