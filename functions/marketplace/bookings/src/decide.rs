//! Decisions about a booking: accept, decline, complete, cancel.

use axum::extract::{Path, State};
use axum::response::Response;
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::{
    Booking, BookingCommand, BookingStatus, CancelledBy, Refusal, Step,
};
use shared::domain::marketplace::booking_record::{BookingChange, BookingRecord};
use shared::domain::platform::action::Actor;
use shared::domain::platform::effect::Effect;
use shared::http::idempotent::{IdempotencyKey, idempotent};
use shared::http::{Answer, Failure, JsonBody};

use crate::{TRIES, contact, parse, show, steps, unrecorded, visible_booking};

type Parts = (State<SharedApp>, Caller, Path<String>, IdempotencyKey);

pub(crate) async fn accept(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, "accept", |_| BookingCommand::Accept).await
}

pub(crate) async fn decline(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, "decline", |_| BookingCommand::Decline).await
}

pub(crate) async fn complete(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, "complete", |_| BookingCommand::Complete).await
}

pub(crate) async fn cancel(parts: Parts, body: JsonBody) -> Result<Response, Failure> {
    respond(parts, body, "cancel", |role| BookingCommand::Cancel {
        by: match role {
            Role::Customer => CancelledBy::Customer,
            Role::Professional => CancelledBy::Professional,
            _ => CancelledBy::Owner,
        },
    })
    .await
}

async fn respond(
    parts: Parts,
    body: JsonBody,
    name: &str,
    command: impl Fn(Role) -> BookingCommand,
) -> Result<Response, Failure> {
    let (State(app), caller, Path(booking_id), idempotency_key) = parts;
    let booking_id = parse(&booking_id)?;
    body.object(&[])?;
    let command = command(caller.role);
    let run = async |operation: String| {
        decide(&app, &caller, booking_id, command, &format!("{name}:{operation}")).await
    };
    idempotent(&app, &caller.company, &caller.id, &idempotency_key, &body, run).await
}

async fn decide(
    app: &SharedApp,
    caller: &Caller,
    booking_id: BookingId,
    command: BookingCommand,
    source: &str,
) -> Result<Answer, Failure> {
    let (row, effects) = record(app, caller, booking_id, command, source).await?;
    let row = steps::execute(app, &caller.company, row, effects).await?;
    let booking = row.booking().ok_or(Failure::Absent)?;
    if command == BookingCommand::Accept
        && let Some(refusal) = booking.unresolved_refusal(Step::Capture)
    {
        return Err(Failure::Conflict(format!(
            "payment_failed: Stripe refused to take the customer's payment ({}). The booking is not accepted.",
            refusal.reason
        )));
    }
    let policy = &app.config.marketplace.booking_config.policy;
    let shown = show::show(&row, &booking, caller.role, policy);
    let waits = command == BookingCommand::Accept && booking.is_capture_pending();
    Ok(if waits { Answer::accepted(shown) } else { Answer::ok(shown) })
}

/// Records the decision, unless an earlier attempt of the same request has.
async fn record(
    app: &SharedApp,
    caller: &Caller,
    booking_id: BookingId,
    command: BookingCommand,
    source: &str,
) -> Result<(BookingRecord, Vec<Effect>), Failure> {
    let company = &caller.company;
    let decided = company.store().retry_on_conflict(&app.ids, TRIES, |_| async {
        let read = company.booking(booking_id).await?;
        let booking = visible_booking(caller, &read)?;
        if read.history.facts().any(|fact| fact.source == source) {
            let left = steps::unfinished(company, &read).await?;
            return Ok((Vec::new(), (read, left)));
        }
        let now = app.clock.now();
        let refused = |refusal: Refusal| Failure::Conflict(format!("{}: {refusal}.", refusal.code()));
        let fact = check_permission(&booking, command)
            .and_then(|()| booking.apply_command(command, source, now))
            .map_err(refused)?;
        let is_unknown = command == BookingCommand::Accept && read.professional_contact.is_none();
        let professional_contact =
            if is_unknown { contact::professional(app, caller, &read, &booking).await? } else { None };
        let change = BookingChange {
            facts: vec![fact],
            professional_contact,
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

/// Whether the caller may decide: after the acceptance only the professional and the owner may cancel.
fn check_permission(booking: &Booking, command: BookingCommand) -> Result<(), Refusal> {
    let by_customer = command == BookingCommand::Cancel { by: CancelledBy::Customer };
    if by_customer && booking.stage == BookingStatus::Accepted {
        return Err(Refusal::AlreadyAccepted);
    }
    Ok(())
}
