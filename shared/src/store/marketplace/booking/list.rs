//! Lists of bookings, one query each.

use crate::domain::kernel::party::{BookingId, CustomerId, ProfessionalId};
use crate::domain::kernel::time;
use crate::domain::marketplace::booking::BookingStatus;
use crate::domain::marketplace::booking_record::BookingRecord;
use crate::store::company::Company;
use crate::store::error::StoreError;
use crate::store::keys::{self, Key};
use crate::store::write::{Item, text, with_key};
use crate::store::{Query, Range, attribute_text, read_row};

/// The owner of the listed bookings, and optionally a status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BookingFilter {
    /// The company's, newest request first.
    All(Option<BookingStatus>),
    /// A professional's, by status and then by start, earliest first.
    Professional(ProfessionalId, Option<BookingStatus>),
    /// A customer's, by status and then by request, newest first.
    Customer(CustomerId, Option<BookingStatus>),
}

/// A position in a list: the sort key of its last booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookingCursor {
    sort_key: String,
    /// The status, in lists that sort by status first.
    status: Option<BookingStatus>,
    booking_id: BookingId,
}

impl BookingCursor {
    /// Parses the output of `to_string`.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, id) = text.rsplit_once('#')?;
        let (status, at) = rest.split_once('#').map_or((None, rest), |(status, at)| (Some(status), at));
        time::parse(at)?;
        let status = match status {
            Some(status) => Some(BookingStatus::parse(status)?),
            None => None,
        };
        Some(Self { sort_key: text.to_owned(), status, booking_id: BookingId::parse(id).ok()? })
    }

    /// Whether it is a valid position in this list; the table refuses an invalid one.
    pub fn is_in(&self, filter: &BookingFilter) -> bool {
        match filter {
            BookingFilter::All(_) => self.status.is_none(),
            BookingFilter::Professional(_, wanted) | BookingFilter::Customer(_, wanted) => {
                self.status.is_some() && (wanted.is_none() || *wanted == self.status)
            }
        }
    }
}

impl std::fmt::Display for BookingCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.sort_key)
    }
}

/// The index and keys of a list.
struct List {
    index: &'static str,
    hash: (&'static str, String),
    range_name: &'static str,
    prefix: Option<String>,
    status: Option<BookingStatus>,
    newest_first: bool,
}

impl Company {
    /// One page of a list.
    pub async fn bookings(
        &self,
        filter: &BookingFilter,
        limit: u16,
        after: Option<&BookingCursor>,
    ) -> Result<(Vec<BookingRecord>, Option<BookingCursor>), StoreError> {
        let list = self.list(filter);
        let start = after.map(|cursor| {
            let item = with_key(Item::new(), &Key::booking(&self.company, cursor.booking_id));
            let own = [
                (list.hash.0.to_owned(), text(&list.hash.1)),
                (list.range_name.to_owned(), text(&cursor.sort_key)),
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
        let rows: Vec<BookingRecord> = self.store.get_all(&keys).await?;
        let last = page.rows.last().and_then(|row| attribute_text(row, list.range_name));
        let last = last.and_then(BookingCursor::parse);
        let is_wanted = |row: &BookingRecord| {
            let status = row.booking().map(|booking| booking.status);
            list.status.is_none_or(|wanted| status == Some(wanted))
        };
        Ok((rows.into_iter().filter(is_wanted).collect(), page.next.and(last)))
    }

    fn list(&self, filter: &BookingFilter) -> List {
        let prefix = |status: &Option<BookingStatus>| status.map(|status| format!("{}#", status.as_str()));
        match filter {
            BookingFilter::All(None) => List {
                index: keys::LIST_INDEX,
                hash: ("list_pk", keys::bookings_list(&self.company)),
                range_name: "list_sk",
                prefix: None,
                status: None,
                newest_first: true,
            },
            BookingFilter::All(Some(status)) => List {
                index: keys::LIST_STATUS_INDEX,
                hash: ("list_status_pk", keys::bookings_status_list(&self.company, status.as_str())),
                range_name: "list_sk",
                prefix: None,
                status: Some(*status),
                newest_first: true,
            },
            BookingFilter::Professional(id, status) => List {
                index: keys::PROFESSIONAL_INDEX,
                hash: ("professional_pk", keys::party_list(&self.company, id.as_str())),
                range_name: "professional_sk",
                prefix: prefix(status),
                status: *status,
                newest_first: false,
            },
            BookingFilter::Customer(id, status) => List {
                index: keys::CUSTOMER_INDEX,
                hash: ("customer_pk", keys::party_list(&self.company, id.as_str())),
                range_name: "customer_sk",
                prefix: prefix(status),
                status: *status,
                newest_first: true,
            },
        }
    }
}
