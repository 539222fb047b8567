//! Effects that a provider refused for good and that are not resolved yet.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::domain::booking::Booking;
use shared::domain::effect::{Effect, Request, Subject};
use shared::domain::party::BookingId;
use shared::domain::refusal;
use shared::domain::time;
use shared::http::Failure;
use shared::store::Company;
use shared::store::trouble::Trouble;

/// The refused effects, the oldest first, up to a hundred, and whether there are more.
pub(super) async fn list(company: &Company) -> Result<(Vec<Value>, bool), Failure> {
    let (effects, more) = company.troubled(Trouble::Refused).await?;
    let booking_id = |subject: &Subject| match subject {
        Subject::Booking(id) => Some(*id),
        Subject::Case(_) => None,
    };
    let ids: BTreeSet<BookingId> = effects.iter().filter_map(|(subject, _)| booking_id(subject)).collect();
    let rows = company.booking_rows(&ids).await?;
    let bookings: BTreeMap<BookingId, Booking> =
        rows.iter().filter_map(|row| Some((row.booking_id, row.booking()?))).collect();
    let shown = effects.iter().map(|(subject, effect)| {
        let booking = booking_id(subject).and_then(|id| bookings.get(&id));
        show(*subject, effect, booking)
    });
    let shown = shown.collect();
    Ok((shown, more))
}

fn show(subject: Subject, effect: &Effect, booking: Option<&Booking>) -> Value {
    let reason = effect.reason.as_deref().unwrap_or_default();
    let consequence = refusal::consequence(&effect.request);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id.to_string()), None),
        Subject::Booking(id) => (None, Some(id.to_string())),
    };
    let waiting = match &effect.request {
        Request::Transfer(request) => Some(request.amount),
        _ => booking.zip(consequence.step).and_then(|(booking, step)| booking.waiting_amount(step)),
    };
    json!({
        "case_id": case_id,
        "booking_id": booking_id,
        "operation": effect.action.operation,
        "kind": effect.action.kind,
        "provider": effect.request.provider(),
        "code": refusal::provider_code(reason),
        "reason": reason,
        "consequence": consequence.map(|consequence| consequence.kind.as_str()),
        "amount": waiting,
        "currency": booking.filter(|_| waiting.is_some()).map(|booking| &booking.terms.price.currency),
        "tries": effect.tries,
        "refused_at": effect.ended_at.map(time::format),
    })
}
