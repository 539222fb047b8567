//! Evaluates metric filter patterns of CloudWatch on log lines, as far as our patterns use them.
//!
//! Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html

use serde_json::Value;

/// Whether a pattern for JSON lines matches one.
pub(crate) fn matches(pattern: &str, line: &Value) -> bool {
    let condition = pattern.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    is_true(condition.unwrap_or_else(|| panic!("{pattern} is for plain text")).trim(), line)
}

fn is_true(condition: &str, line: &Value) -> bool {
    if let Some(parts) = split(condition, "&&") {
        return parts.into_iter().all(|part| is_true(part, line));
    }
    if let Some(parts) = split(condition, "||") {
        return parts.into_iter().any(|part| is_true(part, line));
    }
    match condition.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        Some(inner) => is_true(inner.trim(), line),
        None => compares(condition, line),
    }
}

/// The parts of a condition between an operator outside of parentheses; `None` without that operator.
fn split<'a>(condition: &'a str, operator: &str) -> Option<Vec<&'a str>> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (index, character) in condition.char_indices() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth == 0 && condition[index..].starts_with(operator) {
            parts.push(condition[start..index].trim());
            start = index + operator.len();
        }
    }
    parts.push(condition[start..].trim());
    (parts.len() > 1).then_some(parts)
}

fn compares(condition: &str, line: &Value) -> bool {
    let (field, rest) = condition.strip_prefix("$.").and_then(|text| text.split_once(' ')).expect("a field");
    let value = line.get(field);
    if rest == "NOT EXISTS" {
        return value.is_none();
    }
    let (operator, wanted) = rest.split_once(' ').expect("an operator and a value");
    // A field that is absent matches nothing else.
    let Some(value) = value else { return false };
    match (operator, wanted.parse::<f64>()) {
        ("=", Ok(wanted)) => value.as_f64() == Some(wanted),
        ("!=", Ok(wanted)) => value.as_f64() != Some(wanted),
        (">", Ok(wanted)) => value.as_f64().is_some_and(|value| value > wanted),
        ("<", Ok(wanted)) => value.as_f64().is_some_and(|value| value < wanted),
        ("=", Err(_)) => wanted == "\"*\"" || value.as_str() == Some(wanted.trim_matches('"')),
        ("!=", Err(_)) => value.as_str() != Some(wanted.trim_matches('"')),
        _ => panic!("{condition} is not understood"),
    }
}
