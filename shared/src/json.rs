//! The one way JSON from outside is read: judged on its raw bytes first, parsed afterwards.
//!
//! `serde_json` gives two field names a meaning of its own: a map that begins with
//! `$serde_json::private::RawValue` is parsed anew from the text inside, with a fresh depth limit, and one that
//! begins with `$serde_json::private::Number` becomes a number. Cargo switches both on for a whole build as soon as
//! one dependency asks for them, and then data chooses types: a short body nests thousands of levels deep and
//! overflows the stack. So no parser sees such a name, whatever is switched on:
//!
//! | whose bytes | limits | a reserved name |
//! | --- | --- | --- |
//! | a caller's body, a token's parts | [`REQUEST`] | is refused |
//! | a verified webhook, a provider's answer, our own rows and configuration | [`TRUSTED`] | is renamed: it stays data |
//!
//! A house rule keeps `serde_json::from_slice`, `from_str` and `from_reader` out of every other module, of the local
//! server too.

mod scan;
#[cfg(test)]
pub(crate) mod tests;

use std::borrow::Cow;

use serde::de::DeserializeOwned;

pub use scan::Position;

/// What begins a field name that `serde_json` takes for an instruction.
pub const RESERVED_PREFIX: &str = "$serde_json::private::";

/// How large and how deep a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub max_bytes: usize,
    /// The most lists and objects inside one another.
    pub max_depth: usize,
}

/// Of a caller: the contract's 256 KiB, and far deeper than any body of ours.
pub const REQUEST: Limits = Limits { max_bytes: 256 * 1024, max_depth: 64 };

/// Of a provider, a platform or ourselves: as deep as `serde_json` reads at all. What the answer of a provider may
/// weigh is bounded where it is received; Lambda hands over at most 6 MB.
pub const TRUSTED: Limits = Limits { max_bytes: 8 * 1024 * 1024, max_depth: 127 };

/// Why bytes were not read. It says where, and quotes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// More bytes than the limit.
    #[error("it is larger than {max_bytes} bytes")]
    TooLarge { max_bytes: usize },
    /// Nested deeper than the limit.
    #[error("it is nested more than {max_depth} levels deep at {position}")]
    TooDeep {
        max_depth: usize,
        /// Where the first level too many begins.
        position: Position,
    },
    /// A field has a name that means something to the parser.
    #[error("a field name begins with the reserved {RESERVED_PREFIX} at {position}")]
    ReservedName {
        /// Where the name begins.
        position: Position,
    },
    /// No JSON, or not of the shape that was asked for.
    #[error("it is not the expected JSON at {0}")]
    Syntax(Position),
}

impl JsonError {
    /// Where it is wrong; the very end for a document that is too large.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::TooLarge { .. } => None,
            Self::TooDeep { position, .. } | Self::ReservedName { position } | Self::Syntax(position) => {
                Some(*position)
            }
        }
    }
}

/// Judges a caller's bytes without parsing them. What passes can be given to any parser.
pub fn check(bytes: &[u8], limits: Limits) -> Result<(), JsonError> {
    let found = judge(bytes, limits)?;
    match found.first() {
        None => Ok(()),
        Some(start) => Err(JsonError::ReservedName { position: Position::of(bytes, *start) }),
    }
}

/// The same document with every reserved name renamed (`$serde_json…` becomes `$$serde_json…`), so that it can be
/// given to any parser: for what must not be refused over a name that we never read.
pub fn rename_reserved(bytes: &[u8], limits: Limits) -> Result<Cow<'_, [u8]>, JsonError> {
    let found = judge(bytes, limits)?;
    if found.is_empty() {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut renamed = Vec::with_capacity(bytes.len() + found.len());
    let mut copied = 0;
    for start in found {
        // Behind the opening quote, whether the name follows in plain characters or as escapes.
        renamed.extend_from_slice(&bytes[copied..=start]);
        renamed.push(b'$');
        copied = start + 1;
    }
    renamed.extend_from_slice(&bytes[copied..]);
    Ok(Cow::Owned(renamed))
}

/// Reads a caller's document; a reserved name is refused.
pub fn read_request<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    check(bytes, REQUEST)?;
    parse(bytes)
}

/// Reads a provider's, a platform's or our own document; a reserved name stays data.
pub fn read_trusted<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    read_within(bytes, TRUSTED)
}

/// The same within other limits.
pub fn read_within<T: DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<T, JsonError> {
    parse(&rename_reserved(bytes, limits)?)
}

/// Where reserved names begin, of a document within the limits.
fn judge(bytes: &[u8], limits: Limits) -> Result<Vec<usize>, JsonError> {
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
