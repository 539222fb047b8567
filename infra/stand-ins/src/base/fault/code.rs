//! The code by which a provider names its refusal.

use std::fmt;

/// The longest code that a rule can name.
const MAX_BYTES: usize = 64;

/// A provider's error code, such as `charge_expired_for_capture`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ErrorCode {
    bytes: [u8; MAX_BYTES],
    length: usize,
}

impl ErrorCode {
    /// A code of at most 64 letters, digits and underscores.
    ///
    /// # Panics
    ///
    /// If it is none, because a rule with a misspelt code would test something else.
    pub const fn new(text: &str) -> Self {
        match Self::parse(text) {
            Some(code) => code,
            None => panic!("expected 1 to 64 letters, digits and underscores"),
        }
    }

    pub(super) const fn parse(text: &str) -> Option<Self> {
        let source = text.as_bytes();
        if source.is_empty() || source.len() > MAX_BYTES {
            return None;
        }
        let (mut bytes, mut index) = ([0; MAX_BYTES], 0);
        while index < source.len() {
            if !source[index].is_ascii_alphanumeric() && source[index] != b'_' {
                return None;
            }
            bytes[index] = source[index];
            index += 1;
        }
        Some(Self { bytes, length: source.len() })
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
