//! Lists of bookings, each one query.

use super::super::company::Company;
use super::super::error::StoreError;
use super::super::keys::{self, Key};
use super::super::write::{Item, text, with_key};
use super::super::{Query, Range, attribute_text, read_row};
use super::BookingRow;
use crate::domain::booking::BookingState;
use crate::domain::party::{BookingId, CustomerId, ProfessionalId};
use crate::domain::time;

/// Whose bookings are listed, and of which state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingFilter {
    /// The company's, the newest request first.
    All(Option<BookingState>),
    /// A professional's, by state and then by start, the earliest first.
    Professional(ProfessionalId, Option<BookingState>),
    /// A customer's, by state and then by request, the newest first.
    Customer(CustomerId, Option<BookingState>),
}

/// A place in a list: the sort key of its last booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingCursor {
    sort_key: String,
    /// The state that the list sorts by first, where it does.
    state: Option<BookingState>,
    booking_id: BookingId,
}

impl BookingCursor {
    /// Reads what `to_string` wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, id) = text.rsplit_once('#')?;
        let (state, at) = rest.split_once('#').map_or((None, rest), |(state, at)| (Some(state), at));
        time::parse(at)?;
        let state = match state {
            Some(state) => Some(BookingState::parse(state)?),
            None => None,
        };
        Some(Self { sort_key: text.to_owned(), state, booking_id: BookingId::parse(id).ok()? })
    }

    /// Whether it can be a place in this list; the table refuses one that is not.
    pub fn is_in(&self, filter: &BookingFilter) -> bool {
        match filter {
            BookingFilter::All(_) => self.state.is_none(),
            BookingFilter::Professional(_, wanted) | BookingFilter::Customer(_, wanted) => {
                self.state.is_some() && (wanted.is_none() || *wanted == self.state)
            }
        }
    }
}

impl std::fmt::Display for BookingCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sort_key)
    }
}

/// One list as the table has it.
struct List {
    index: &'static str,
    hash: (&'static str, String),
    range_name: &'static str,
    prefix: Option<String>,
    state: Option<BookingState>,
    newest_first: bool,
}

impl Company {
    /// One page of a list.
    pub async fn bookings(
        &self,
        filter: &BookingFilter,
        limit: u16,
        after: Option<&BookingCursor>,
    ) -> Result<(Vec<BookingRow>, Option<BookingCursor>), StoreError> {
        let list = self.list(filter);
        let start = after.map(|place| {
            let item = with_key(Item::new(), &Key::booking(&self.company, place.booking_id));
            let own = [
                (list.hash.0.to_owned(), text(&list.hash.1)),
                (list.range_name.to_owned(), text(&place.sort_key)),
            ];
            item.into_iter().chain(own).collect()
        });
        let query = Query {
            index: Some(list.index),
            hash: (list.hash.0, &list.hash.1),
            range: match &list.prefix {
                Some(prefix) => Range::Prefix(list.range_name, prefix),
                None => Range::All,
            },
            newest_first: list.newest_first,
            limit: Some(i32::from(limit)),
            start,
        };
        let page = self.store.query_items(query).await?;
        let keys = page.rows.iter().cloned().map(read_row).collect::<Result<Vec<Key>, _>>()?;
        let rows: Vec<BookingRow> = self.store.get_all(&keys).await?;
        let last = page.rows.last().and_then(|row| attribute_text(row, list.range_name));
        let last = last.and_then(BookingCursor::parse);
        let is_wanted = |row: &BookingRow| {
            let state = row.booking().map(|booking| booking.state);
            list.state.is_none_or(|wanted| state == Some(wanted))
        };
        Ok((rows.into_iter().filter(is_wanted).collect(), page.next.and(last)))
    }

    fn list(&self, filter: &BookingFilter) -> List {
        let prefix = |state: &Option<BookingState>| state.map(|state| format!("{}#", state.as_str()));
        match filter {
            BookingFilter::All(None) => List {
                index: keys::LIST_INDEX,
                hash: ("list_pk", keys::bookings_list(&self.company)),
                range_name: "list_sk",
                prefix: None,
                state: None,
                newest_first: true,
            },
            BookingFilter::All(Some(state)) => List {
                index: keys::LIST_STATE_INDEX,
                hash: ("list_state_pk", keys::bookings_state_list(&self.company, state.as_str())),
                range_name: "list_sk",
                prefix: None,
                state: Some(*state),
                newest_first: true,
            },
            BookingFilter::Professional(id, state) => List {
                index: keys::PROFESSIONAL_INDEX,
                hash: ("professional_pk", keys::party_list(&self.company, id.as_str())),
                range_name: "professional_sk",
                prefix: prefix(state),
                state: *state,
                newest_first: false,
            },
            BookingFilter::Customer(id, state) => List {
                index: keys::CUSTOMER_INDEX,
                hash: ("customer_pk", keys::party_list(&self.company, id.as_str())),
                range_name: "customer_sk",
                prefix: prefix(state),
                state: *state,
                newest_first: true,
            },
        }
    }
}
