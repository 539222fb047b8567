//! Pages and excerpts of lists.

use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "{T}List"))]
pub struct ListView<T> {
    /// The items of this page.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub data: Vec<T>,
    /// The value to send as `cursor` to get the next page; `null` on the last page. Treat it as opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// The first items of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "{T}Excerpt"))]
pub struct ExcerptView<T> {
    /// The number of items in `data`.
    pub count: usize,
    /// Whether the list has more items than these.
    pub more: bool,
    /// The items, in the order of the list.
    pub data: Vec<T>,
}

impl<T> ExcerptView<T> {
    /// An excerpt with these items, and whether there are more.
    pub fn new(data: Vec<T>, more: bool) -> Self {
        Self { count: data.len(), more, data }
    }
}
