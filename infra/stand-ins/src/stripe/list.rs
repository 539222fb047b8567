//! Lists as Stripe pages them: the newest first, from a cursor in either direction.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use serde_json::{Value, json};

use super::params::Params;
use super::refusal::Refusal;

/// Page size when the caller names none.
const DEFAULT_PAGE: i64 = 10;
const MAX_PAGE: i64 = 100;

/// The requested page; `all` is in order of creation.
pub(super) fn page<T>(
    (what, all): (&str, &BTreeMap<String, T>),
    mut params: Params,
    wanted: impl Fn(&T) -> bool,
    shape: impl Fn(&T) -> Value,
) -> Result<Value, Refusal> {
    let limit = params.integer("limit")?.unwrap_or(DEFAULT_PAGE);
    let limit = usize::try_from(limit).ok().filter(|_| (1..=MAX_PAGE).contains(&limit));
    let limit = limit.ok_or_else(|| {
        Refusal::parameter("parameter_invalid_integer", "limit", "Limit must be between 1 and 100")
    })?;
    let (after, before) = (params.take("starting_after"), params.take("ending_before"));
    params.finish()?;
    for (name, cursor) in [("starting_after", &after), ("ending_before", &before)] {
        if let Some(id) = cursor.as_ref().filter(|id| !all.contains_key(*id)) {
            return Err(Refusal::no_such_named(name, what, id));
        }
    }
    let backwards = before.is_some();
    let mut found: Vec<&T> = match (after, before) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid(
                Some("ending_before"),
                "You can only use one of starting_after and ending_before.",
            ));
        }
        (Some(id), None) => {
            let older = all.range((Unbounded, Excluded(id))).rev().map(|(_, one)| one);
            older.filter(|one| wanted(one)).take(limit + 1).collect()
        }
        (None, Some(id)) => {
            let newer = all.range((Excluded(id), Unbounded)).map(|(_, one)| one);
            newer.filter(|one| wanted(one)).take(limit + 1).collect()
        }
        (None, None) => all.values().rev().filter(|one| wanted(one)).take(limit + 1).collect(),
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    if backwards {
        found.reverse();
    }
    let data: Vec<Value> = found.into_iter().map(shape).collect();
    Ok(json!({"object": "list", "data": data, "has_more": has_more, "url": format!("/v1/{what}s")}))
}
