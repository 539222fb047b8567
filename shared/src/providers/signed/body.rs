//! Parses a verified body before the provider's module interprets it.

use serde_json::Value;

use crate::json::{self, Position};

/// Why a verified body is no event. The error names the position and quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the body is not JSON at line {line}, column {column}")]
    NotJson {
        line: usize,
        /// Counted from one; zero at the start of a line.
        column: usize,
    },
    #[error("the body is JSON but not an object")]
    NotAnObject,
}

/// Parses a verified body as a JSON object.
///
/// Other JSON is refused: the signed text is `{id}.{time}.{body}` or `{time}.{body}`, and a body that begins with
/// digits and a dot could be split elsewhere under the same signature.
pub(in crate::providers) fn parse_object(body: &[u8]) -> Result<Value, Unreadable> {
    // Metadata, which anybody can write, may hold a name that the parser interprets: `read_trusted` renames it.
    let root: Value = json::read_trusted(body).map_err(|error| {
        let Position { line, column } = error.position().unwrap_or(Position { line: 1, column: 1 });
        Unreadable::NotJson { line, column }
    })?;
    if root.is_object() { Ok(root) } else { Err(Unreadable::NotAnObject) }
}

/// Whether a provider's id can be a table key: printable ASCII without spaces, and not too long.
pub(in crate::providers) fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID_CHARS && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The event's name in `type`. It is stored unencrypted and logged, so anything that may be an address (`@`) or a
/// sentence (spaces) is refused.
pub(in crate::providers) fn name(root: &Value) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let name = root["type"].as_str()?;
    (!name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(plain)).then_some(name)
}

/// Twice the longest known id, and far below the limit of a table key.
const MAX_ID_CHARS: usize = 128;
/// The longest name at Stripe has 60.
const MAX_NAME_CHARS: usize = 80;
