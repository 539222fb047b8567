//! The position of a booking in the ledger, and the entries derived from it.

use std::collections::BTreeMap;

use super::account::LedgerAccount;
use super::entry::{InvalidEntry, LedgerEntry, Posting};
use crate::kernel::money::Currency;
use crate::kernel::party::BookingId;
use crate::marketplace::booking::{Booking, BookingFact};

/// The booking's balance on every account, in minor units. The sum is zero.
pub fn position(booking: &Booking) -> BTreeMap<LedgerAccount, i64> {
    let amounts = &booking.amounts;
    let professional = &booking.terms.professional_id;
    let is_done = booking.stage.is_done();
    let once_done = |amount: i64| if is_done { amount } else { 0 };
    let unsettled = once_done(amounts.payable) - (amounts.transferred - amounts.reversed) - amounts.carried;
    let balances = [
        (LedgerAccount::Received, amounts.captured),
        (LedgerAccount::Refunded, -amounts.refunded),
        (LedgerAccount::Disputed, -(amounts.lost + amounts.contested)),
        (LedgerAccount::Contested, amounts.contested),
        (LedgerAccount::Paid(professional.clone()), -amounts.transferred),
        (LedgerAccount::Reversed(professional.clone()), amounts.reversed),
        (LedgerAccount::Held, if is_done { 0 } else { -amounts.remaining() }),
        (LedgerAccount::Fees, -once_done(amounts.fee)),
        (LedgerAccount::Owed(professional.clone()), -unsettled.max(0)),
        (LedgerAccount::Carried(professional.clone()), (-unsettled).max(0) - amounts.carried),
    ];
    balances.into_iter().filter(|(_, amount)| *amount != 0).collect()
}

/// The entry of a fact that changed the booking from `before` to `after`; `None` if it changed no position.
/// `before` is `None` until the booking was requested.
pub fn entry_of(
    booking_id: BookingId,
    fact: &BookingFact,
    before: Option<&Booking>,
    after: Option<&Booking>,
) -> Result<Option<LedgerEntry>, InvalidEntry> {
    let mut changes: BTreeMap<(LedgerAccount, Currency), i64> = BTreeMap::new();
    for (booking, sign) in [(before, -1), (after, 1)] {
        let Some(booking) = booking else { continue };
        for (account, amount) in position(booking) {
            let sum = changes.entry((account, booking.terms.price.currency.clone())).or_default();
            *sum = sum.checked_add(sign * amount).ok_or(InvalidEntry::Range)?;
        }
    }
    let posting = |((account, currency), amount)| Posting { account, amount, currency };
    let postings: Vec<_> = changes.into_iter().filter(|(_, amount)| *amount != 0).map(posting).collect();
    if postings.is_empty() {
        return Ok(None);
    }
    let id = booking_id.child(&fact.name());
    LedgerEntry::new(id, fact.at, booking_id, fact.what.kind(), postings).map(Some)
}
