//! Refusals: each is listed until it is resolved, and no booking contradicts it.

use shared::domain::marketplace::booking::{Booking, BookingStatus, Step};
use shared::domain::platform::effect::{Effect, EffectStatus};
use shared::domain::platform::refusal;

use crate::harness::booked::Booked;
use crate::harness::invariant::{Invariant, Moment, must};
use crate::harness::rows::Row;

pub struct RefusalsAreListed;

impl Invariant for RefusalsAreListed {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        for booked in moment.changed_bookings() {
            check(&booked, moment).map_err(|problem| format!("{problem}: {}", booked.projected))?;
        }
        Ok(())
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        for booked in moment.after.bookings() {
            check(&booked, moment).map_err(|problem| format!("{problem}: {}", booked.projected))?;
            if let Some(booking) = &booked.booking {
                is_accounted_for(booking).map_err(|problem| format!("{problem}: {}", booked.projected))?;
            }
        }
        let rows = moment.after.0.values();
        for row in rows.filter(|row| row.text("sk").starts_with("ACTION#")) {
            let effect: Effect = row.read();
            let reason = effect.reason.as_deref().unwrap_or_default();
            let is_refused =
                effect.status == EffectStatus::Rejected && refusal::is_refusal(&effect.request, reason);
            let is_known = !is_refused || is_listed(row) || is_resolved(row) || is_of_ended_hold(&effect);
            must(is_known, || format!("refused, and neither listed nor resolved: {row}"))?;
        }
        Ok(())
    }
}

fn check(booked: &Booked<'_>, moment: &Moment<'_>) -> Result<(), String> {
    let Some(booking) = &booked.booking else { return Ok(()) };
    let promised = [BookingStatus::Accepted, BookingStatus::Completed, BookingStatus::PaidOut];
    let is_paid_for = booking.amounts.captured > 0 || booking.authorization.is_none();
    must(!promised.contains(&booking.status) || is_paid_for, || {
        format!("{} without the customer's money", booking.status.as_str())
    })?;
    for (step, refused) in booking.unresolved_refusals() {
        let operation = step.operation(booked.row.booking_id, refused.version);
        let key = (booked.projected.text("pk").to_owned(), format!("ACTION#{operation}"));
        let row =
            moment.after.0.get(&key).ok_or_else(|| format!("{operation} is refused and is no effect"))?;
        must(is_listed(row), || format!("{operation} is refused and not listed"))?;
    }
    let steps = booked.effects.iter().filter(|effect| effect.is_refusal_open);
    for effect in steps {
        let Some(step) = refusal::step_of(&effect.request) else { continue };
        let version = Step::version_of(&effect.action.operation);
        let is_open = booking.unresolved_refusal(step).is_some_and(|it| Some(it.version) == version);
        must(is_open, || format!("{} is listed and nothing of it is open", effect.action.operation))?;
    }
    Ok(())
}

/// The customer's payment matches the booking, or the difference is listed.
fn is_accounted_for(booking: &Booking) -> Result<(), String> {
    let is_held = booking.authorization.is_some() && booking.released_at.is_none();
    let waits = if booking.amounts.captured > 0 { booking.amounts.remaining() > 0 } else { is_held };
    let is_told = booking.dispute_open || booking.unresolved_refusals().next().is_some();
    must(!booking.stage.is_off() || !waits || is_told, || {
        "it failed, the customer's money waits, and no person is notified".to_owned()
    })
}

fn is_listed(row: &Row) -> bool {
    // Members' messages and free days have their own list.
    let list = row.text("list_status_pk");
    list.ends_with("#refused") || list.ends_with("#refused_of_members")
}

fn is_resolved(row: &Row) -> bool {
    !row.text("refusal_resolved_at").is_empty()
}

/// A payment that was not created ends the booking, and the answer says so.
fn is_of_ended_hold(effect: &Effect) -> bool {
    refusal::step_of(&effect.request) == Some(Step::Hold)
}
