//! The last question before a mail: is its address one that mail must not be sent to?

use super::{AttemptResult, EffectClients};
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::store::StoreError;
use crate::store::company::Company;
use crate::store::marketplace::booking::BookingRow;

/// The end of a mail whose address is suppressed; `None` for everything else that leaves. A mail that an
/// earlier call may have sent stays in doubt: that nothing leaves now does not mean that nothing has.
pub(super) async fn result(
    company: &Company,
    subject: Subject,
    effect: &Effect,
    effect_clients: EffectClients<'_>,
) -> Result<Option<AttemptResult>, StoreError> {
    let Some(address) = recipient(subject, effect, effect_clients) else { return Ok(None) };
    let hash = effect_clients.vault.hash_address(&address);
    let Some(found) = company.store().address_suppression(&hash).await? else { return Ok(None) };
    let status =
        if effect.status == EffectStatus::Sending { EffectStatus::Unknown } else { EffectStatus::Rejected };
    Ok(Some(AttemptResult::ends(status, found.reason.effect_reason())))
}

/// Whom a mail is for, opened; `None` for what is no mail, and for an address that cannot be opened, of
/// which the attempt itself says so.
fn recipient(subject: Subject, effect: &Effect, effect_clients: EffectClients<'_>) -> Option<String> {
    let (place, sealed_to) = match (subject, &effect.request) {
        (Subject::Case(case_id), Request::Mail { sealed_to, .. }) => (format!("mail:{case_id}"), sealed_to),
        (Subject::Booking(booking_id), Request::BookingMail { sealed_to, .. }) => {
            (BookingRow::place(booking_id), sealed_to)
        }
        _ => return None,
    };
    String::from_utf8(effect_clients.vault.open(&place, sealed_to).ok()?).ok()
}
