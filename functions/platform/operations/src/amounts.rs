//! The money that effects are about.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::kernel::money::Money;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::Booking;
use shared::domain::platform::effect::{Effect, Request, Subject};
use shared::domain::platform::refusal;
use shared::store::{Company, StoreError};

/// The bookings of effects, as they stand.
pub(super) struct Bookings(BTreeMap<BookingId, Booking>);

impl Bookings {
    /// Reads those of some effects; of cases there is nothing to read.
    pub(super) async fn of(company: &Company, subjects: &[Subject]) -> Result<Self, StoreError> {
        let ids: BTreeSet<BookingId> = subjects.iter().filter_map(booking_id).collect();
        let rows = company.booking_rows(&ids).await?;
        Ok(Self(rows.iter().filter_map(|row| Some((row.booking_id, row.booking()?))).collect()))
    }

    /// The money that an effect is about; `None` where it is about none. What is frozen in the request is exact;
    /// of a payment it is what the booking says now.
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
