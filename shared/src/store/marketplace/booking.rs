//! Rows of bookings. One transaction records facts and everything that follows from them: the status, the lists
//! and the due time, ledger entries and balances, the audit entry, the effects of the next steps, and the
//! payee's due time.

mod list;
mod lookup;
mod project;
mod record;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::domain::kernel::party::BookingId;
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::domain::platform::effect::Effect;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::{Company, write::Write};

pub use list::{BookingCursor, BookingFilter};
pub use lookup::BookingOwner;
pub use record::BookingRecording;

impl Company {
    /// Reads a booking; returns an unknown one if nothing was recorded.
    pub async fn booking(&self, booking_id: BookingId) -> Result<BookingRecord, StoreError> {
        let found = self.store.get(Key::booking(&self.company, booking_id)).await?;
        Ok(found.unwrap_or_else(|| BookingRecord::unknown(self.company.clone(), booking_id)))
    }

    /// Reads the given bookings; missing ones are left out.
    pub async fn booking_rows(&self, ids: &BTreeSet<BookingId>) -> Result<Vec<BookingRecord>, StoreError> {
        let keys: Vec<Key> = ids.iter().map(|id| Key::booking(&self.company, *id)).collect();
        self.store.get_all(&keys).await
    }

    /// The write of a step's effect; must be in the transaction of the facts that require it.
    fn start_step(
        &self,
        booking_id: BookingId,
        effect: &Effect,
        now: DateTime<Utc>,
    ) -> Result<Write, StoreError> {
        self.add_action(booking_id, effect, Some(now))
    }
}
