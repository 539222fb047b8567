//! What the books say: whose a payment is, how bookings stand, and the cash of a company.

use std::collections::{BTreeMap, HashMap};

use crate::domain::money::Currency;
use crate::store::booking::{BookingOwner, BookingRow};
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::Item;
use crate::store::{Company, Query, Store, attribute_number, attribute_text, read_row};

/// What the books have of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Books {
    /// Its row.
    Known(Box<BookingRow>),
    /// Nothing.
    Unknown,
    /// A row that this version cannot read. It must not hide the others.
    Unreadable,
}

/// The accounts that together are cash, as the balances count them.
const CASH: [&str; 5] = ["received", "refunded", "disputed", "paid", "reversed"];

impl Store {
    /// Whose up to a hundred payments are, where we opened them.
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
            // Beside payments the directory names memberships, whose owners are of another shape.
            if let (Some(position), Ok(owner)) = (position, read_row(item)) {
                owners.insert(payment_intents[position].clone(), owner);
            }
        }
        Ok(owners)
    }

    /// What the books have of up to a hundred bookings.
    pub async fn books_of(
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

impl Company {
    /// The cash of its bookings that should be at Stripe, by currency.
    pub async fn cash(&self) -> Result<BTreeMap<Currency, i64>, StoreError> {
        let pk = keys::balances_pk(&self.company);
        let mut cash: BTreeMap<Currency, i64> = BTreeMap::new();
        let mut start = None;
        loop {
            let page = self.store.query_items(Query { start, ..Query::partition(&pk) }).await?;
            for row in &page.rows {
                let Some(currency) = currency(row) else { continue };
                let sum = CASH.iter().filter_map(|account| attribute_number(row, account));
                let total = cash.entry(currency).or_default();
                *total = sum.fold(*total, i64::saturating_add);
            }
            start = page.next;
            if start.is_none() {
                return Ok(cash);
            }
        }
    }
}

/// The last part of a balance's address.
fn currency(row: &Item) -> Option<Currency> {
    let (_, currency) = attribute_text(row, keys::SK)?.rsplit_once('#')?;
    Currency::parse(currency).ok()
}
