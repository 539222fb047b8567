//! Effects that a provider refused and that are not resolved yet.

use shared::domain::platform::effect::{Effect, Subject};
use shared::domain::platform::refusal;
use shared::http::Failure;
use shared::store::Company;
use shared::store::platform::effect_lists::EffectList;
use shared::views::platform::effect::RefusedEffectView;
use shared::views::{ExcerptView, Timestamp};

use crate::amounts::Bookings;

/// Up to a hundred refused effects, oldest first, and whether there are more.
pub(super) async fn list(company: &Company) -> Result<ExcerptView<RefusedEffectView>, Failure> {
    let (effects, more) = company.listed_effects(EffectList::Refused).await?;
    let subjects: Vec<Subject> = effects.iter().map(|(subject, _)| *subject).collect();
    let bookings = Bookings::of(company, &subjects).await?;
    let shown = effects.iter().map(|(subject, effect)| show(*subject, effect, &bookings));
    Ok(ExcerptView::new(shown.collect(), more))
}

fn show(subject: Subject, effect: &Effect, bookings: &Bookings) -> RefusedEffectView {
    let reason = effect.reason.as_deref().unwrap_or_default();
    let consequence = refusal::consequence(&effect.request);
    let (case_id, booking_id) = match subject {
        Subject::Case(id) => (Some(id), None),
        Subject::Booking(id) => (None, Some(id)),
    };
    let money = bookings.money(subject, effect);
    RefusedEffectView {
        case_id,
        booking_id,
        operation: effect.action.operation.clone(),
        kind: effect.action.kind,
        provider: effect.request.provider(),
        code: refusal::provider_code(reason).map(str::to_owned),
        reason: reason.to_owned(),
        consequence: consequence.map(|consequence| consequence.kind.as_str()),
        amount: money.as_ref().map(|money| money.amount),
        currency: money.map(|money| money.currency),
        tries: effect.tries,
        refused_at: effect.ended_at.map(Timestamp),
    }
}
