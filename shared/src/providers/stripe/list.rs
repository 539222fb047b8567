//! Lists: a page at a time, so that memory does not grow with what there is.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::form::Form;

/// The most one page holds.
pub const MAX_PAGE: u8 = 100;

/// Which page of a list. Stripe lists the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListCursor {
    /// From the newest on.
    Newest,
    /// From this id on, towards the older ones.
    After(String),
    /// From this id on, towards the newer ones.
    Before(String),
}

/// When something was made: from, inclusive, and until, exclusive. Stripe counts whole seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Created {
    pub from: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
}

/// One page, read away from where it began: newest first, and oldest first after [`ListCursor::Before`],
/// so that the last one is always where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ListPage<T> {
    pub data: Vec<T>,
    /// Whether there is more in the same direction.
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
    /// Stripe answers every page newest first, whichever way it was asked for.
    pub(super) fn facing(mut self, from: &ListCursor) -> Self {
        if matches!(from, ListCursor::Before(_)) {
            self.data.reverse();
        }
        self
    }
}
