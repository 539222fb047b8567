//! Reads the ledger for the reconciliation: the owners of payments, and bookings.

use std::collections::HashMap;

use crate::domain::marketplace::booking_record::BookingRecord;
use crate::store::error::StoreError;
use crate::store::keys::Key;
use crate::store::marketplace::booking::BookingOwner;
use crate::store::{Store, read_row};

/// The ledger's data about a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Books {
    Known(Box<BookingRecord>),
    Unknown,
    /// The row cannot be read by this version. It must not block the others.
    Unreadable,
}

impl Store {
    /// The bookings of up to a hundred payments; unregistered ones are left out.
    pub async fn owners_of_payments(
        &self,
        payment_intents: &[String],
    ) -> Result<HashMap<String, BookingOwner>, StoreError> {
        let keys: Vec<Key> = payment_intents.iter().map(|id| Key::directory(id)).collect();
        let items = if keys.is_empty() { Vec::new() } else { self.get_items(&keys).await? };
        let mut owners = HashMap::new();
        for item in items {
            let key: Key = read_row(item.clone())?;
            let position = keys.iter().position(|known| *known == key);
            // The directory also contains memberships, whose owners have another shape.
            if let (Some(position), Ok(owner)) = (position, read_row(item)) {
                owners.insert(payment_intents[position].clone(), owner);
            }
        }
        Ok(owners)
    }

    /// The ledger's data about up to a hundred bookings.
    pub async fn load_books(
        &self,
        bookings: Vec<BookingOwner>,
    ) -> Result<HashMap<BookingOwner, Books>, StoreError> {
        let keys: Vec<Key> = bookings.iter().map(|of| Key::booking(&of.company_id, of.booking_id)).collect();
        let items = if keys.is_empty() { Vec::new() } else { self.get_items(&keys).await? };
        let mut rows: HashMap<Key, Books> = HashMap::new();
        for item in items {
            let key: Key = read_row(item.clone())?;
            let books = read_row(item).map_or(Books::Unreadable, |row| Books::Known(Box::new(row)));
            rows.insert(key, books);
        }
        let books = |key| rows.remove(key).unwrap_or(Books::Unknown);
        Ok(bookings.into_iter().zip(keys.iter().map(books)).collect())
    }
}
