//! Effects that a provider refused for good and that are not resolved yet.

use serde_json::{Value, json};
use shared::domain::kernel::time;
use shared::domain::platform::effect::{Effect, Subject};
use shared::domain::platform::refusal;
use shared::http::Failure;
use shared::store::Company;
use shared::store::platform::trouble::Trouble;

use crate::amounts::Bookings;

/// The refused effects, the oldest first, up to a hundred, and whether there are more.
pub(super) async fn list(company: &Company) -> Result<(Vec<Value>, bool), Failure> {
    let (effects, more) = company.listed_effects(Trouble::Refused).await?;
    let subjects: Vec<Subject> = effects.iter().map(|(subject, _)| *subject).collect();
    let bookings = Bookings::of(company, &subjects).await?;
    let shown = effects.iter().map(|(subject, effect)| show(*subject, effect, &bookings));
    Ok((shown.collect(), more))
}

fn show(subject: Subject, effect: &Effect, bookings: &Bookings) -> Value {
    let reason = effect.reason.as_deref().unwrap_or_default();
    let consequence = refusal::consequence(&effect.request);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id.to_string()), None),
        Subject::Booking(id) => (None, Some(id.to_string())),
    };
    let money = bookings.money(subject, effect);
    json!({
        "case_id": case_id,
        "booking_id": booking_id,
        "operation": effect.action.operation,
        "kind": effect.action.kind,
        "provider": effect.request.provider(),
        "code": refusal::provider_code(reason),
        "reason": reason,
        "consequence": consequence.map(|consequence| consequence.kind.as_str()),
        "amount": money.as_ref().map(|money| money.amount),
        "currency": money.as_ref().map(|money| &money.currency),
        "tries": effect.tries,
        "refused_at": effect.ended_at.map(time::format),
    })
}
