//! One pass over raw bytes that finds every string and bracket that a JSON parser would find. It is not
//! recursive, so no document makes it use more stack than another.
//!
//! It need not check validity: up to the first syntax error a parser sees the same strings and brackets, and
//! after it a parser reads nothing.

use std::fmt;

use super::RESERVED_PREFIX;

/// A line and a column in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    /// Counted in bytes from one; zero at the start of a line, as the parser counts.
    pub column: usize,
}

impl Position {
    /// The position of the byte at `offset`.
    pub(super) fn of(bytes: &[u8], offset: usize) -> Self {
        let before = &bytes[..offset];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        Self { line, column: offset - line_start + 1 }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// The offsets of all field names with the reserved prefix (of the opening quote); the error is the offset of the
/// bracket that exceeds `max_depth`.
pub(super) fn reserved_names(bytes: &[u8], max_depth: usize) -> Result<Vec<usize>, usize> {
    let (mut found, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                if depth > max_depth {
                    return Err(at);
                }
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(bytes, at + 1);
                if is_name(bytes, end) && has_reserved_prefix(&bytes[at + 1..end]) {
                    found.push(at);
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(found)
}

/// The offset of the closing quote of a string whose first character is at `at`, or the end of the text.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Whether the string that ends at `end` is a field name: a colon follows, after optional white space.
fn is_name(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end + 1..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// Whether the unescaped string begins with the prefix.
fn has_reserved_prefix(string: &[u8]) -> bool {
    let mut rest = string;
    RESERVED_PREFIX.bytes().all(|expected| {
        let Some((unit, length)) = character(rest) else { return false };
        rest = &rest[length..];
        unit == u16::from(expected)
    })
}

/// The first character, if it is ASCII or an escape, and the number of bytes that spell it.
fn character(string: &[u8]) -> Option<(u16, usize)> {
    match string {
        [b'\\', b'u', digits @ ..] => {
            let digits = std::str::from_utf8(digits.get(..4)?).ok()?;
            Some((u16::from_str_radix(digits, 16).ok()?, 6))
        }
        // No character of the prefix has a short escape; only the slash has one, and the prefix contains none.
        [b'\\', ..] => None,
        [byte, ..] => Some((u16::from(*byte), 1)),
        [] => None,
    }
}
