//! The email addresses of a booking's parties.

use shared::app::SharedApp;
use shared::auth::Caller;
use shared::auth::session::Session;
use shared::domain::kernel::account::{EmailAddress, Role};
use shared::domain::kernel::message::Language;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::Booking;
use shared::domain::marketplace::booking_record::{BookingRecord, Contact};
use shared::http::Failure;
use shared::store::accounts::account::AccountRow;
use shared::store::keys::AccountKey;

/// The customer's address: the given one, or that of the customer's own account. A booking without one is
/// declined without a mail.
pub(crate) async fn customer(
    app: &SharedApp,
    session: Option<&Session>,
    (email, language): (Option<&EmailAddress>, Language),
    booking_id: BookingId,
) -> Result<Option<Contact>, Failure> {
    let address = match (email, session) {
        (Some(address), _) => Some(address.as_str().as_bytes().to_vec()),
        (None, Some(session)) if session.role == Role::Customer && session.account.requires_row() => {
            let account = app.store()?.account(&session.account).await?;
            account.and_then(|row| opened(app, &session.account, &row))
        }
        _ => None,
    };
    address.map(|address| sealed(app, booking_id, &address, language)).transpose()
}

/// The professional's address: that of their confirmed account in the booking's company. For professionals who
/// sign in elsewhere, at Whop or an issuer, no address is known.
pub(crate) async fn professional(
    app: &SharedApp,
    caller: &Caller,
    row: &BookingRecord,
    booking: &Booking,
) -> Result<Option<Contact>, Failure> {
    let Some(key) = AccountKey::of_party(booking.terms.professional_id.as_str()) else { return Ok(None) };
    let account = app.store()?.account(&key).await?;
    let is_theirs = |account: &AccountRow| {
        let is_of_company = account.company == *caller.company.id() && account.role == Role::Professional;
        is_of_company && account.is_confirmed() && account.disabled_at.is_none()
    };
    let address = account.filter(is_theirs).and_then(|account| opened(app, &key, &account));
    // Accounts have no language; the booking's is the one that both parties understand.
    let language = row.contact.as_ref().map_or(Language::En, |contact| contact.language);
    address.map(|address| sealed(app, row.booking_id, &address, language)).transpose()
}

fn opened(app: &SharedApp, account: &AccountKey, row: &AccountRow) -> Option<Vec<u8>> {
    app.config.vault.open(&AccountRow::seal_context(account), &row.email_sealed).ok()
}

fn sealed(
    app: &SharedApp,
    booking_id: BookingId,
    address: &[u8],
    language: Language,
) -> Result<Contact, Failure> {
    let email_sealed = app.config.vault.seal(&BookingRecord::seal_context(booking_id), address)?;
    Ok(Contact { email_sealed, language })
}
