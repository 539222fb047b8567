//! The last check before a mail is sent: its address may be suppressed.

use super::{AttemptResult, EffectClients};
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::domain::platform::effect::{Effect, EffectStatus, Request, Subject};
use crate::store::StoreError;
use crate::store::company::Company;

/// The result of a mail whose address is suppressed; `None` for every other effect. A mail that an earlier
/// call may have sent becomes `unknown`, because not sending it now does not undo that call.
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

/// The decrypted recipient of a mail; `None` for every other effect, and for an address that cannot be
/// decrypted, which the attempt itself reports.
fn recipient(subject: Subject, effect: &Effect, effect_clients: EffectClients<'_>) -> Option<String> {
    let (context, sealed_to) = match (subject, &effect.request) {
        (Subject::Case(case_id), Request::Mail { sealed_to, .. }) => (format!("mail:{case_id}"), sealed_to),
        (Subject::Booking(booking_id), Request::BookingMail { sealed_to, .. }) => {
            (BookingRecord::seal_context(booking_id), sealed_to)
        }
        _ => return None,
    };
    String::from_utf8(effect_clients.vault.open(&context, sealed_to).ok()?).ok()
}
