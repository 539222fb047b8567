//! Rows of the ledger: a professional's entries by time, and the balances.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::domain::kernel::money::Currency;
use crate::domain::kernel::party::{BookingId, ProfessionalId};
use crate::domain::kernel::time;
use crate::domain::marketplace::ledger::{Balances, LedgerAccount, LedgerEntry};
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, text, with_key};
use crate::store::{Query, Range, attribute_number, attribute_text, read_row};

/// A position in a professional's statement: its last entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerCursor {
    at: DateTime<Utc>,
    entry_id: Uuid,
    booking_id: BookingId,
}

impl LedgerCursor {
    /// Parses the output of `to_string`.
    pub fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.split('#');
        let (at, entry) = (time::parse(parts.next()?)?, parts.next()?);
        let booking_id = BookingId::parse(parts.next()?).ok()?;
        parts.next().is_none().then_some(())?;
        Some(Self { at, entry_id: Uuid::parse_str(entry).ok()?, booking_id })
    }

    fn of(key: &Key) -> Option<Self> {
        let (_, booking_id) = key.pk.rsplit_once('#')?;
        Self::parse(&format!("{}#{booking_id}", key.sk))
    }

    fn sort_key(&self) -> String {
        format!("{}#{}", time::format(self.at), self.entry_id)
    }
}

impl std::fmt::Display for LedgerCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.sort_key(), self.booking_id)
    }
}

impl Company {
    /// A page of the entries of a professional's bookings, newest first.
    pub async fn entries(
        &self,
        professional_id: &ProfessionalId,
        limit: u16,
        after: Option<&LedgerCursor>,
    ) -> Result<(Vec<LedgerEntry>, Option<LedgerCursor>), StoreError> {
        let list = keys::statement_list(&self.company, professional_id);
        let start = after.map(|cursor| {
            let (time, id) = (time::format(cursor.at), cursor.entry_id.to_string());
            let key = Key::ledger_entry(&self.company, cursor.booking_id, &time, &id);
            let own = [("list_pk".to_owned(), text(&list)), ("list_sk".to_owned(), text(cursor.sort_key()))];
            with_key(Item::new(), &key).into_iter().chain(own).collect()
        });
        let query = Query {
            index: Some(keys::LIST_INDEX),
            hash: ("list_pk", &list),
            range: Range::All,
            newest_first: true,
            limit: Some(i32::from(limit)),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.into_iter().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let entries: Vec<LedgerEntry> = self.store.get_all(&keys).await?;
        let last = keys.last().and_then(LedgerCursor::of);
        Ok((entries, page.next.and(last)))
    }

    /// All entries of a booking, oldest first; each is the consequence of a fact, so there are few.
    pub async fn ledger_of(&self, booking_id: BookingId) -> Result<Vec<LedgerEntry>, StoreError> {
        let pk = keys::ledger_pk(&self.company, booking_id);
        let (mut entries, mut start) = (Vec::new(), None);
        loop {
            let page = self.store.query(Query { start, ..Query::partition(&pk) }).await?;
            entries.extend(page.rows);
            start = page.next;
            if start.is_none() {
                return Ok(entries);
            }
        }
    }

    /// The balances of the company's ledger, or of one professional.
    pub async fn balances(&self, professional_id: Option<&ProfessionalId>) -> Result<Balances, StoreError> {
        let pk = keys::balances_pk(&self.company);
        let own = professional_id.map(|id| format!("{id}#"));
        let mut balances = Balances::default();
        let mut start = None;
        loop {
            let range = own.as_ref().map_or(Range::All, |own| Range::Prefix(keys::SK, own));
            let page = self.store.query_items(Query { range, start, ..Query::partition(&pk) }).await?;
            for row in &page.rows {
                add_balances(&mut balances, row);
            }
            start = page.next;
            if start.is_none() {
                return Ok(balances);
            }
        }
    }
}

/// Adds the balances of one professional and currency, which the row holds by account name.
fn add_balances(balances: &mut Balances, row: &Item) {
    let owner = attribute_text(row, keys::SK).and_then(|sk| sk.rsplit_once('#'));
    let Some((professional, currency)) = owner else { return };
    let Ok(currency) = Currency::parse(currency) else { return };
    for name in row.keys() {
        let account =
            LedgerAccount::parse(name).or_else(|_| LedgerAccount::parse(&format!("{name}:{professional}")));
        if let (Ok(account), Some(amount)) = (account, attribute_number(row, name)) {
            balances.count(account, currency.clone(), amount);
        }
    }
}
