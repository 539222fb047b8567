//! The only place where JSON is parsed: the raw bytes are checked first.
//!
//! `serde_json` gives two field names a special meaning: a map that begins with
//! `$serde_json::private::RawValue` is parsed anew from the text inside, with a fresh depth limit, and one that
//! begins with `$serde_json::private::Number` becomes a number. Cargo enables both for a whole build as soon as
//! one dependency needs them, and then data chooses types: a short body nests thousands of levels deep and
//! overflows the stack. So no parser sees such a name, whatever is enabled:
//!
//! | source | limits | a reserved name |
//! | --- | --- | --- |
//! | a caller's body, a token's parts | [`REQUEST`] | is refused |
//! | a verified webhook, a provider's answer, our own rows and configuration | [`TRUSTED`] | is renamed: it stays data |
//!
//! A repository test forbids `serde_json::from_slice`, `from_str` and `from_reader` in every other module, also
//! in the local server.

mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use serde::de::DeserializeOwned;

pub use scan::Position;

/// The prefix of field names that `serde_json` interprets.
pub const RESERVED_PREFIX: &str = "$serde_json::private::";

/// The largest size and depth of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_bytes: usize,
    /// The most nested lists and objects.
    pub max_depth: usize,
}

/// Limits for a caller: 256 KiB as documented, and far deeper than any valid body.
pub const REQUEST: Limits = Limits { max_bytes: 256 * 1024, max_depth: 64 };

/// Limits for a provider, a platform or our own data: the depth that `serde_json` accepts. Providers' answers are
/// limited where they are received; Lambda's payloads have at most 6 MB.
pub const TRUSTED: Limits = Limits { max_bytes: 8 * 1024 * 1024, max_depth: 127 };

/// Why a document was refused, with the position and without quoting it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    #[error("it is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    #[error("it is nested more than {max_depth} levels deep at {position}")]
    TooDeep {
        max_depth: usize,
        /// The start of the first level beyond the limit.
        position: Position,
    },
    /// A field name that the parser would interpret.
    #[error("a field name begins with the reserved {RESERVED_PREFIX} at {position}")]
    ReservedName { position: Position },
    /// Invalid JSON, or not of the expected shape.
    #[error("it is not the expected JSON at {0}")]
    Syntax(Position),
}

impl JsonError {
    /// The position of the error; `None` for a document that is too large.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::TooLarge { .. } => None,
            Self::TooDeep { position, .. } | Self::ReservedName { position } | Self::Syntax(position) => {
                Some(*position)
            }
        }
    }
}

/// Checks a caller's bytes without parsing them. Any parser may read what passes.
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), JsonError> {
    let found = find_reserved_names(bytes, limits)?;
    match found.first() {
        None => Ok(()),
        Some(start) => Err(JsonError::ReservedName { position: Position::of(bytes, *start) }),
    }
}

/// The document with every reserved name renamed (`$serde_json…` becomes `$$serde_json…`), so that any parser may
/// read it: for documents that must not be refused because of a name that we never read.
pub fn rename_reserved(bytes: &[u8], limits: Limits) -> Result<Cow<'_, [u8]>, JsonError> {
    let found = find_reserved_names(bytes, limits)?;
    if found.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut renamed = Vec::with_capacity(bytes.len() + found.len());
    let mut copied = 0;
    for start in found {
        // Inserted after the opening quote, so that plain and escaped spellings are both handled.
        renamed.extend_from_slice(&bytes[copied..=start]);
        renamed.push(b'$');
        copied = start + 1;
    }
    renamed.extend_from_slice(&bytes[copied..]);
    Ok(Cow::Owned(renamed))
}

/// Parses a caller's document; a reserved name is refused.
pub fn read_request<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes, REQUEST)?;
    parse(bytes)
}

/// Parses a provider's, a platform's or our own document; a reserved name is renamed.
pub fn read_trusted<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    read_within(bytes, TRUSTED)
}

/// Like [`read_trusted`] with other limits.
pub fn read_within<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, JsonError> {
    parse(&rename_reserved(bytes, limits)?)
}

/// The positions of reserved names in a document; fails if it exceeds the limits.
fn find_reserved_names(bytes: &[u8], limits: Limits) -> Result<Vec<usize>, JsonError> {
    if bytes.len() > limits.max_bytes {
        return Err(JsonError::TooLarge { max_bytes: limits.max_bytes });
    }
    scan::reserved_names(bytes, limits.max_depth).map_err(|start| JsonError::TooDeep {
        max_depth: limits.max_depth,
        position: Position::of(bytes, start),
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    serde_json::from_slice(bytes)
        .map_err(|error| JsonError::Syntax(Position { line: error.line(), column: error.column() }))
}
