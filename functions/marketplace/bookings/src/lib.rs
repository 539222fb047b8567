//! Bookings: jobs that customers request from professionals.
//!
//! - **Called by** the customer's, the professional's and the owner's browser.
//! - **Reads** a booking, one row; a page of a list; the address in the account of the customer, and of a
//!   professional who accepts; and from Stripe the payment that the customer's browser confirms.
//! - **Writes** a decision with all its consequences in one transaction; then creates, captures, voids or refunds
//!   the payment at Stripe and records the outcome.
//! - **Answers** the booking. The sweep finishes what Stripe did not do at once: an acceptance whose payment is
//!   not yet captured is 202. A refusal by Stripe is an error: 409, or 400 with the field.
//! - **Twice:** with the same key the first answer, also after a crash: the booking's id comes from the request's
//!   operation, and the id of a decision's fact too. A different later decision is refused with the code of the
//!   earlier one.

mod contact;
mod decide;
mod list;
mod payment;
mod request;
mod show;
mod steps;

use axum::Router;
use axum::extract::{Path, State};
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::Booking;
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::http::{Answer, Failure};
use shared::store::error::RecordError;

/// A concurrent event may change the booking; after five conflicts the sixth one is returned as an error.
const TRIES: u32 = 6;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("bookings")
        .on(Method::POST, "/api/bookings", request::request)
        .on(Method::GET, "/api/bookings", list::list)
        .on(Method::GET, "/api/bookings/{booking_id}", read)
        .on(Method::GET, "/api/bookings/{booking_id}/payment", payment::payment)
        .on(Method::POST, "/api/bookings/{booking_id}/accept", decide::accept)
        .on(Method::POST, "/api/bookings/{booking_id}/decline", decide::decline)
        .on(Method::POST, "/api/bookings/{booking_id}/complete", decide::complete)
        .on(Method::POST, "/api/bookings/{booking_id}/cancel", decide::cancel)
        .into_router(app)
}

async fn read(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(booking_id): Path<String>,
) -> Result<Answer, Failure> {
    let row = caller.company.booking(parse(&booking_id)?).await?;
    let booking = visible_booking(&caller, &row)?;
    Ok(Answer::ok(show::show(&row, &booking, caller.role, &app.config.marketplace.booking_config.policy)))
}

fn parse(booking_id: &str) -> Result<BookingId, Failure> {
    BookingId::parse(booking_id).map_err(|error| Failure::field("booking_id", error.to_string()))
}

/// The booking, if the caller has access; otherwise the same 404 as for an unknown booking.
fn visible_booking(caller: &Caller, row: &BookingRecord) -> Result<Booking, Failure> {
    let booking = row.booking().ok_or(Failure::Absent)?;
    let is_theirs = match caller.role {
        Role::Customer => booking.terms.customer_id.as_str() == caller.id,
        Role::Professional => booking.terms.professional_id.as_str() == caller.id,
        Role::Owner | Role::Provider | Role::Developer | Role::Accountant => true,
    };
    if is_theirs { Ok(booking) } else { Err(Failure::Absent) }
}

fn unrecorded(error: RecordError) -> Failure {
    match error {
        RecordError::TooManyFacts(_) | RecordError::Books(_) => Failure::Conflict(error.to_string()),
        RecordError::Store(error) => error.into(),
    }
}
