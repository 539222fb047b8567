//! Query parameters: each must be known, occur at most once and be valid.

use axum::extract::{FromRequestParts, Query};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use http::request::Parts;

use super::failure::Failure;

#[derive(Debug, Clone)]
pub struct Parameters(Vec<(String, String)>);

/// The page size without `limit`.
const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 100;

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        query.map(|Query(pairs)| Self(pairs)).map_err(|_| Failure::invalid("The query cannot be read."))
    }
}

impl Parameters {
    /// Refuses unknown, repeated and empty parameters, so that a misspelt or lost value does not silently become
    /// the default.
    pub fn only(self, known: &[&str]) -> Result<Self, Failure> {
        for (position, (name, value)) in self.0.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Failure::field(name, "unknown parameter"));
            }
            if self.0[..position].iter().any(|(other, _)| other == name) {
                return Err(Failure::field(name, "given twice"));
            }
            if value.is_empty() {
                return Err(Failure::field(name, "expected a value; leave the parameter out to have none"));
            }
        }
        Ok(self)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Reads an integer within a range, or returns its default.
    pub fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u16>,
        default: u16,
    ) -> Result<u16, Failure> {
        // Digits only: Rust would also parse "+5".
        let read = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let Some((_, text)) = self.0.iter().find(|(known, _)| known == name) else { return Ok(default) };
        read(text).filter(|number| range.contains(number)).ok_or_else(|| {
            Failure::field(name, format!("expected a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// Reads the page size.
    pub fn limit(&self) -> Result<u16, Failure> {
        self.number("limit", 1..=MAX_LIMIT, DEFAULT_LIMIT)
    }

    /// Reads the cursor at which the list continues.
    pub fn cursor<T>(&self, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Failure> {
        let Some(text) = self.get("cursor") else { return Ok(None) };
        let plain = BASE64.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let place = plain.as_deref().and_then(read);
        place.map(Some).ok_or_else(|| Failure::field("cursor", "expected a cursor that this list gave"))
    }
}

/// Encodes a position in a list as an opaque cursor.
pub fn cursor(position: &impl std::fmt::Display) -> String {
    BASE64.encode(position.to_string())
}
