//! The pages in which Whop answers its lists.

use serde_json::{Value, json};

use super::answer::Refusal;

/// Page size when the caller names none.
const DEFAULT_PAGE: usize = 20;
const MAX_PAGE: usize = 100;

/// One page of the matches, each formatted by `show`; `after` is the cursor of the previous page.
pub(super) fn answer_page<T>(
    matching: &[&T],
    (first, after): (Option<usize>, Option<&str>),
    id: impl Fn(&T) -> &str,
    show: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let first = first.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&first) {
        return Err(Refusal::invalid(format!("first must be between 1 and {MAX_PAGE}")));
    }
    let cursor_of = |entry: &T| format!("after:{}", id(entry));
    let start = match after {
        None => 0,
        Some(cursor) => {
            let last = matching.iter().position(|entry| cursor_of(entry) == cursor);
            last.ok_or_else(|| Refusal::invalid("after is no cursor of this list"))? + 1
        }
    };
    let shown = &matching[start..matching.len().min(start + first)];
    let data: Vec<Value> = shown.iter().map(|entry| show(entry)).collect();
    Ok(json!({
        "data": data,
        "page_info": {
            "has_next_page": start + shown.len() < matching.len(),
            "end_cursor": shown.last().map(|entry| cursor_of(entry)),
        },
    }))
}
