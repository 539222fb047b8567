//! Effects that a provider refused for good and that are not resolved yet.

use serde_json::{Value, json};
use shared::domain::booking::Booking;
use shared::domain::effect::{Effect, Request, Subject};
use shared::domain::refusal;
use shared::domain::time;
use shared::http::Failure;
use shared::store::Company;
use shared::store::trouble::Trouble;

/// The refused effects, the oldest first, up to a hundred, and whether there are more.
pub(super) async fn list(company: &Company) -> Result<(Vec<Value>, bool), Failure> {
    let (effects, more) = company.troubled(Trouble::Refused).await?;
    let mut shown = Vec::new();
    for (subject, effect) in effects {
        let booking = match subject {
            Subject::Booking(booking_id) => company.booking(booking_id).await?.booking(),
            Subject::Case(_) => None,
        };
        shown.push(show(subject, &effect, booking.as_ref()));
    }
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
        "consequence": consequence.word,
        "amount": waiting,
        "currency": booking.filter(|_| waiting.is_some()).map(|booking| &booking.terms.price.currency),
        "tries": effect.tries,
        "refused_at": effect.ended_at.map(time::write),
    })
}
