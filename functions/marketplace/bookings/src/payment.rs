//! The payment that the customer's browser confirms: read from Stripe and never stored.

use axum::extract::{Path, State};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::marketplace::booking::{Booking, BookingStatus, Step};
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::http::{Answer, Failure};
use shared::providers::call::CallError;
use shared::views::marketplace::payment::BookingPaymentView;

use crate::{parse, visible_booking};

const UNAVAILABLE: &str = "Stripe does not answer. Try again.";

pub(crate) async fn payment(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(booking_id): Path<String>,
) -> Result<Answer, Failure> {
    let row = caller.company.booking(parse(&booking_id)?).await?;
    let booking = visible_booking(&caller, &row)?;
    let known = booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref());
    let Some(payment_intent) = known else { return Err(unopened(&caller, &row, &booking).await?) };
    let stripe = app.stripe.as_ref().ok_or(Failure::STRIPE_NOT_CONFIGURED)?;
    let payment = stripe.payment_intent(payment_intent.as_str()).await.map_err(unread)?;
    Ok(Answer::ok(BookingPaymentView {
        booking_id: row.booking_id,
        payment_intent_id: payment.id,
        status: payment.status,
        client_secret: payment.client_secret,
    }))
}

/// Why there is no payment: not created yet, or never.
async fn unopened(caller: &Caller, row: &BookingRecord, booking: &Booking) -> Result<Failure, Failure> {
    if booking.stage != BookingStatus::Requested {
        return Ok(Failure::Conflict("No payment was created for this booking.".to_owned()));
    }
    let version = row.started_steps.get(&Step::Hold).copied().unwrap_or_default();
    let hold = caller.company.action(row.booking_id, &Step::Hold.operation(row.booking_id, version)).await?;
    Ok(match hold {
        Some(hold) if hold.status.is_final() => {
            Failure::Conflict("Stripe created no payment for this booking.".to_owned())
        }
        _ => Failure::Busy("The payment is being created. Try again."),
    })
}

fn unread(error: CallError) -> Failure {
    Failure::Unavailable { detail: UNAVAILABLE, reason: error.reason().to_owned() }
}
