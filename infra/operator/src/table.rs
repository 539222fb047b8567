//! Prints a history: a line for each entry, or JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::api::History;

/// The columns before the details.
const COLUMNS: [&str; 4] = ["at", "kind", "name", "actor"];

/// The details in this order; any other follows.
const DETAILS: [&str; 6] = ["status", "reason", "amount", "currency", "detail", "ended_at"];

/// One aligned line for each entry: when, what kind, what, who, and every detail by its name. The asked object's own
/// id is left out.
pub fn format(history: &History, id: &str) -> String {
    let rows: Vec<[String; 4]> =
        history.entries.iter().map(|entry| COLUMNS.map(|name| cell(entry, name))).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for (row, entry) in rows.iter().zip(&history.entries) {
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        let line_end = text.trim_end().len();
        let details = details(entry, id);
        if details.is_empty() {
            text.truncate(line_end);
        }
        text.push_str(&details);
        text.push('\n');
    }
    if history.entries.is_empty() {
        text.push_str("nothing happened in this time\n");
    }
    if history.more {
        text.push_str("there is more: ask again with --from the last time above, or with a larger --most\n");
    }
    text
}

/// Each entry as one line of JSON.
pub fn format_lines(history: &History) -> String {
    history.entries.iter().map(|entry| format!("{}\n", Value::Object(entry.clone()))).collect()
}

fn details(entry: &Map<String, Value>, id: &str) -> String {
    let known = DETAILS.iter().filter_map(|name| Some((*name, entry.get(*name)?)));
    let is_other = |name: &str| !COLUMNS.contains(&name) && !DETAILS.contains(&name);
    let others = entry.iter().map(|(name, value)| (name.as_str(), value)).filter(|(name, _)| is_other(name));
    let shown = known.chain(others).filter(|(_, value)| value.as_str() != Some(id));
    let details = shown.map(|(name, value)| format!("{name}={}", printable(&described(value))));
    details.collect::<Vec<_>>().join(" ")
}

fn cell(entry: &Map<String, Value>, name: &str) -> String {
    entry.get(name).map_or_else(|| "-".to_owned(), |value| printable(&described(value)))
}

/// A value as people read it: postings as `received +100 usd`.
fn described(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(postings) => {
            let posting = |posting: &Value| {
                let amount = posting["amount"].as_i64().unwrap_or_default();
                let text = |name: &str| posting[name].as_str().unwrap_or_default().to_owned();
                format!("{} {amount:+} {}", text("account"), text("currency"))
            };
            postings.iter().map(posting).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// Replaces control characters, with which a note could move the terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn history(entries: Value, more: bool) -> History {
        let objects = entries.as_array().unwrap().iter().map(|entry| entry.as_object().unwrap().clone());
        History { entries: objects.collect(), more }
    }

    #[test]
    fn an_entry_is_a_line_without_the_id_that_was_asked_for() {
        let entries = json!([
            {"at": "2026-07-20T10:00:00.000Z", "kind": "fact", "name": "accepted", "actor": "user_1", "booking_id": "b-1"},
            {"at": "2026-07-20T10:00:01.000Z", "kind": "ledger", "name": "captured", "booking_id": "b-1", "postings": [
                {"account": "received", "amount": 100, "currency": "usd"},
                {"account": "held", "amount": -100, "currency": "usd"},
            ]},
            {"at": "2026-07-20T10:00:02.000Z", "kind": "audit", "name": "effect.resolved", "actor": "on_call:ana",
             "status": "done", "detail": "a\u{1b}[2Jb", "booking_id": "b-1"},
        ]);
        let text = format(&history(entries, true), "b-1");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "2026-07-20T10:00:00.000Z  fact    accepted         user_1");
        let posted = "captured         -            postings=received +100 usd, held -100 usd";
        assert_eq!(lines[1], format!("2026-07-20T10:00:01.000Z  ledger  {posted}"));
        let resolved = "effect.resolved  on_call:ana  status=done detail=a [2Jb";
        assert_eq!(lines[2], format!("2026-07-20T10:00:02.000Z  audit   {resolved}"));
        assert!(lines[3].starts_with("there is more") && lines.len() == 4, "{text}");
    }

    #[test]
    fn json_is_one_line_for_each_entry() {
        let entries = json!([{"at": "a", "detail": "one\ntwo"}, {"at": "b"}]);
        assert_eq!(
            format_lines(&history(entries, false)),
            "{\"at\":\"a\",\"detail\":\"one\\ntwo\"}\n{\"at\":\"b\"}\n"
        );
    }
}
