//! Requests a booking.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::auth::session::Session;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::{BookingFact, BookingFactKind, Step};
use shared::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use shared::domain::platform::action::Actor;
use shared::domain::platform::effect::Effect;
use shared::domain::platform::objective::{Kept, Objective};
use shared::domain::platform::refusal;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};
use shared::objectives;

use crate::{TRIES, contact, show, steps, unrecorded};

mod new_booking;

use new_booking::NewBooking;

pub(crate) async fn request(
    State(app): State<SharedApp>,
    caller: Caller,
    session: Option<Extension<Session>>,
    idempotency_key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Failure> {
    let new_booking = NewBooking::read(&caller, &body)?;
    let session = session.map(|Extension(session)| session);
    let run = async |operation: String| {
        let begun = begin(&app, &caller, session.as_ref(), &new_booking, &operation).await;
        count_request(&app, &begun).await;
        begun
    };
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

/// Counts a request for a booking; one that the caller can correct is no failure of ours.
async fn count_request(app: &SharedApp, begun: &Result<Answer, Failure>) {
    let is_good = match begun {
        Ok(_) => true,
        Err(failure) if failure.status().is_server_error() => false,
        Err(_) => return,
    };
    if let Ok(store) = app.store() {
        let kept = [(Objective::BookingsAccepted, Kept::one(is_good))].into();
        objectives::save(store, &kept, app.clock.now()).await;
    }
}

/// Creates the booking with the operation's id, or continues where an earlier attempt stopped.
async fn begin(
    app: &SharedApp,
    caller: &Caller,
    session: Option<&Session>,
    new_booking: &NewBooking,
    operation: &str,
) -> Result<Answer, Failure> {
    let company = &caller.company;
    let booking_id = BookingId::derive(company.id(), operation);
    let (row, effects) = record(app, caller, session, new_booking, booking_id).await?;
    let row = steps::execute(app, company, row, effects).await?;
    let booking = row.booking().ok_or(Failure::Absent)?;
    if let Some(refusal) = booking.refusals.get(&Step::Hold) {
        return Err(refused(&refusal.reason));
    }
    let policy = &app.config.marketplace.booking_config.policy;
    Ok(Answer::of(StatusCode::CREATED, show::show(&row, &booking, caller.role, policy)))
}

/// The failure if Stripe refused to create the payment; names the field if the caller can correct it.
fn refused(reason: &str) -> Failure {
    let code = refusal::provider_code(reason).unwrap_or(reason);
    match refusal::refused_field(reason) {
        Some(field) => Failure::field(field, format!("Stripe does not take it ({code})")),
        None => Failure::Conflict(format!("payment_failed: Stripe refused to open the payment ({code}).")),
    }
}

async fn record(
    app: &SharedApp,
    caller: &Caller,
    session: Option<&Session>,
    new_booking: &NewBooking,
    booking_id: BookingId,
) -> Result<(BookingRecord, Vec<Effect>), Failure> {
    let company = &caller.company;
    let decided = company.store().retry_on_conflict(&app.ids, TRIES, |_| async {
        let read = company.booking(booking_id).await?;
        if read.booking().is_some() {
            let left = steps::unfinished(company, &read).await?;
            return Ok((Vec::new(), (read, left)));
        }
        let now = app.clock.now();
        let terms = new_booking.terms(app.config.marketplace.fee, now)?;
        let source = format!("request:{booking_id}");
        let change = BookingChange {
            facts: vec![BookingFact { at: now, what: BookingFactKind::Requested(terms), source }],
            contact: contact::customer(app, session, new_booking.contact(), booking_id).await?,
            cause: caller.id.clone(),
            actor: Some(Actor::person(&caller.id, caller.role)),
            ..BookingChange::default()
        };
        let booking_config = &app.config.marketplace.booking_config;
        let recording = company.record_booking(read, change, booking_config, now).map_err(unrecorded)?;
        Ok((recording.writes, (recording.row, recording.steps)))
    });
    decided.await
}
