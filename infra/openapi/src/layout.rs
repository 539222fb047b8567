//! The layout of the file: whatever fits on one line is written on one, so that a change is a small diff.

use serde_json::{Map, Value};

const WIDTH: usize = 140;

/// The names that come first, in this order. All others follow alphabetically.
const FIRST: [&str; 14] = [
    "openapi",
    "info",
    "servers",
    "tags",
    "paths",
    "name",
    "in",
    "operationId",
    "summary",
    "type",
    "status",
    "$ref",
    "title",
    "description",
];

/// The document as text.
pub fn text(document: &Value) -> String {
    let mut text = String::new();
    write(document, 0, 0, &mut text);
    text.push('\n');
    text
}

/// Writes a value that begins at `column` of its line.
fn write(value: &Value, indent: usize, column: usize, text: &mut String) {
    let line = one_line(value);
    let (items, brackets): (Vec<(String, &Value)>, _) = match value {
        Value::Object(fields) if column + line.len() > WIDTH => (ordered(fields), ('{', '}')),
        Value::Array(items) if column + line.len() > WIDTH => {
            (items.iter().map(|item| (String::new(), item)).collect(), ('[', ']'))
        }
        _ => return text.push_str(&line),
    };
    let (inner, last) = (indent + 2, items.len().saturating_sub(1));
    text.push(brackets.0);
    for (position, (name, item)) in items.into_iter().enumerate() {
        text.push('\n');
        text.push_str(&" ".repeat(inner));
        text.push_str(&name);
        // A comma may follow.
        write(item, inner, inner + name.len() + 1, text);
        if position < last {
            text.push(',');
        }
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(brackets.1);
}

/// The fields in the order of the file, each name with its colon.
fn ordered(fields: &Map<String, Value>) -> Vec<(String, &Value)> {
    let rank = |name: &str| FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len());
    let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
    fields.sort_by_key(|(name, _)| (rank(name), *name));
    fields.into_iter().map(|(name, value)| (format!("{}: ", Value::from(name.as_str())), value)).collect()
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = ordered(fields).into_iter().map(|(name, value)| name + &one_line(value));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
