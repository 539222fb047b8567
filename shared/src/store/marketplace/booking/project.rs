//! The write of a booking's row: its facts, and the derived keys of lists and of the due index.

use chrono::{DateTime, Utc};

use crate::domain::kernel::time;
use crate::domain::marketplace::booking::{Booking, Due, Policy};
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::store::company::Company;
use crate::store::due::SWEEP;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Expect, Write, text};

impl Company {
    /// Writes the whole row if its version is unchanged.
    pub(super) fn project_booking(
        &self,
        row: &BookingRecord,
        booking: Option<&Booking>,
        read_version: u64,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        let key = Key::booking(&self.company, row.booking_id);
        let mut write = Write::put(key, row)?.set("updated_at", text(time::format(now)));
        if let Some(booking) = booking {
            let (terms, status, id) = (&booking.terms, booking.status.as_str(), row.booking_id);
            let requested = time::format(booking.requested_at);
            let start = time::format(terms.scheduled_start);
            write = write
                .set("status", text(status))
                .set("list_pk", text(keys::bookings_list(&self.company)))
                .set("list_status_pk", text(keys::bookings_status_list(&self.company, status)))
                .set("list_sk", text(format!("{requested}#{id}")))
                .set("professional_pk", text(keys::party_list(&self.company, terms.professional_id.as_str())))
                .set("professional_sk", text(format!("{status}#{start}#{id}")))
                .set("customer_pk", text(keys::party_list(&self.company, terms.customer_id.as_str())))
                .set("customer_sk", text(format!("{status}#{requested}#{id}")))
                .due(SWEEP, deadline(booking, policy));
        }
        Ok(write.expect(Expect::version(read_version)))
    }

    /// Changes only the time at which the sweep checks a booking.
    pub fn postpone_booking(&self, row: &BookingRecord, until: DateTime<Utc>) -> Write {
        let key = Key::booking(&self.company, row.booking_id);
        Write::update(key).due(SWEEP, Some(until)).expect(Expect::version(row.version))
    }
}

/// The booking's deadline for the sweep. Steps are separate effects with due times of their own.
fn deadline(booking: &Booking, policy: &Policy) -> Option<DateTime<Utc>> {
    match booking.next_due(policy)? {
        Due::Expire { at } | Due::Decline { at, .. } => Some(at),
        Due::Release { .. } | Due::Payout { .. } => None,
    }
}
