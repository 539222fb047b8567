//! The amounts of effects.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::kernel::money::Money;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::Booking;
use shared::domain::platform::effect::{Effect, Request, Subject};
use shared::domain::platform::refusal;
use shared::store::{Company, StoreError};

pub(super) struct Bookings(BTreeMap<BookingId, Booking>);

impl Bookings {
    /// Reads the bookings of effects; cases need nothing.
    pub(super) async fn of(company: &Company, subjects: &[Subject]) -> Result<Self, StoreError> {
        let ids: BTreeSet<BookingId> = subjects.iter().filter_map(booking_id).collect();
        let rows = company.booking_rows(&ids).await?;
        Ok(Self(rows.iter().filter_map(|row| Some((row.booking_id, row.booking()?))).collect()))
    }

    /// The amount of an effect; `None` if it has none. A stored request holds the exact amount; for other effects
    /// the booking's current amount is used.
    pub(super) fn money(&self, subject: Subject, effect: &Effect) -> Option<Money> {
        let booking = booking_id(&subject).and_then(|id| self.0.get(&id));
        match &effect.request {
            Request::Transfer(request) => {
                Some(Money { amount: request.amount, currency: request.currency.clone() })
            }
            request => {
                let (booking, step) = booking.zip(refusal::step_of(request))?;
                let amount = booking.waiting_amount(step)?;
                Some(Money { amount, currency: booking.terms.price.currency.clone() })
            }
        }
    }
}

fn booking_id(subject: &Subject) -> Option<BookingId> {
    match subject {
        Subject::Booking(id) => Some(*id),
        Subject::Case(_) => None,
    }
}
