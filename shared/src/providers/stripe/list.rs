//! Lists are read page by page, so that memory does not grow with their length.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::form::Form;

pub const MAX_PAGE: u8 = 100;

/// The start of a page. Stripe lists the newest objects first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListCursor {
    Newest,
    /// Objects older than this id.
    After(String),
    /// Objects newer than this id.
    Before(String),
}

/// A range of creation times in whole seconds: `from` inclusive, `until` exclusive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Created {
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// One page in reading direction: newest first, and oldest first after [`ListCursor::Before`], so that the last
/// object is always the cursor of the next page.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListPage<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

impl Form {
    pub(super) fn with_page(self, from: &ListCursor) -> Self {
        let form = self.with("limit", MAX_PAGE);
        match from {
            ListCursor::Newest => form,
            ListCursor::After(id) => form.with("starting_after", id),
            ListCursor::Before(id) => form.with("ending_before", id),
        }
    }

    pub(super) fn with_created(self, created: Created) -> Self {
        self.with_some("created[gte]", created.from.map(|at| at.timestamp()))
            .with_some("created[lt]", created.until.map(|at| at.timestamp()))
    }
}

impl<T> ListPage<T> {
    /// Brings the page into reading direction, because Stripe always returns newest first.
    pub(super) fn in_reading_direction(mut self, from: &ListCursor) -> Self {
        if matches!(from, ListCursor::Before(_)) {
            self.data.reverse();
        }
        self
    }
}
