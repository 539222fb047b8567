//! Lists.

use serde::Serialize;

/// A page of a list.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "{T}List"))]
pub struct ListView<T> {
    /// The entries of the page.
    #[cfg_attr(feature = "openapi", schemars(length(max = 100)))]
    pub data: Vec<T>,
    /// Send it as `cursor` to get the next page; null on the last page. Its content is opaque.
    #[cfg_attr(feature = "openapi", schemars(length(min = 1)))]
    pub next_cursor: Option<String>,
}

/// The beginning of a list, up to a hundred.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "{T}Excerpt"))]
pub struct ExcerptView<T> {
    /// How many are listed.
    pub count: usize,
    /// Whether there are more entries.
    pub more: bool,
    /// The entries of the excerpt.
    pub data: Vec<T>,
}

impl<T> ExcerptView<T> {
    /// These, and whether there are more.
    pub fn new(data: Vec<T>, more: bool) -> Self {
        Self { count: data.len(), more, data }
    }
}
