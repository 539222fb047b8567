//! What can be said of a verified body before its provider is asked what it means.

use serde_json::Value;

use crate::json::{self, Position};

/// Why a verified body is no event. It says where, and quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or nested too deeply.
    #[error("the body is not JSON at line {line}, column {column}")]
    NotJson {
        line: usize,
        /// Counted from one; zero at the start of a line.
        column: usize,
    },
    /// JSON, but a list, a text or a number.
    #[error("the body is JSON but not an object")]
    NotAnObject,
}

/// A verified body as the JSON object it has to be.
///
/// Nothing but an object: what is signed is `{id}.{time}.{body}` or `{time}.{body}`, and a body that
/// begins with digits and a dot could be read at another border with the very same signature.
pub(in crate::providers) fn object(body: &[u8]) -> Result<Value, Unreadable> {
    // A name that means something to the parser may stand in metadata, which anybody can write: it stays data.
    let root: Value = json::read_trusted(body).map_err(|error| {
        let Position { line, column } = error.position().unwrap_or(Position { line: 1, column: 1 });
        Unreadable::NotJson { line, column }
    })?;
    if root.is_object() { Ok(root) } else { Err(Unreadable::NotAnObject) }
}

/// Whether a provider's id can be a key of ours: printable ASCII without spaces, and not too long.
pub(in crate::providers) fn is_plain_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= MAX_ID_CHARS && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The name under `type`. It is kept in clear and logged, so it has to look like one: an address has an
/// `@`, and a sentence has spaces.
pub(in crate::providers) fn name(root: &Value) -> Option<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-:/".contains(&byte);
    let name = root["type"].as_str()?;
    (!name.is_empty() && name.len() <= MAX_NAME_CHARS && name.bytes().all(plain)).then_some(name)
}

/// Twice the longest that is known, and far below what a key may hold.
const MAX_ID_CHARS: usize = 128;
/// Stripe's longest has 60.
const MAX_NAME_CHARS: usize = 80;
