//! Request bodies: raw bytes with a size limit, and JSON.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::Value;

use super::failure::Failure;
use crate::domain::kernel::message::Language;
use crate::domain::recovery::settings::FieldError;
use crate::json::{self, JsonError};

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = json::REQUEST.max_bytes;

/// Enough for a few sentences.
const MAX_NOTE_CHARS: usize = 500;

/// The unverified bytes of a body.
#[derive(Debug, Clone)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
            Ok(collected) => Ok(Self(collected.to_bytes())),
            Err(error) if is_too_large(error.as_ref()) => Err(Failure::TooLarge),
            Err(_) => Err(Failure::invalid("The body broke off before its end.")),
        }
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut error = Some(error);
    while let Some(current) = error {
        if current.is::<LengthLimitError>() {
            return true;
        }
        error = current.source();
    }
    false
}

/// A JSON body with its bytes for the fingerprint of an idempotency key. An empty body counts as `{}`.
#[derive(Debug, Clone)]
pub struct JsonBody {
    pub bytes: Bytes,
    pub value: Value,
}

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let is_json = is_json(request.headers());
        let RawBody(bytes) = RawBody::from_request(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self { bytes, value: Value::Object(serde_json::Map::new()) });
        }
        if !is_json {
            return Err(Failure::NotJson);
        }
        let value = json::read_request(&bytes).map_err(unreadable)?;
        Ok(Self { bytes, value })
    }
}

/// Names the error and its position, without quoting the body.
fn unreadable(error: JsonError) -> Failure {
    match error {
        JsonError::TooLarge { .. } => Failure::TooLarge,
        JsonError::Syntax(position) => Failure::invalid(format!("The body is not JSON: {position}.")),
        JsonError::TooDeep { .. } | JsonError::ReservedName { .. } => {
            Failure::invalid(format!("The body cannot be read: {error}."))
        }
    }
}

impl JsonBody {
    /// The fields of an object body; fails if there are others than `allowed`.
    pub fn object(&self, allowed: &[&str]) -> Result<&serde_json::Map<String, Value>, Failure> {
        let object =
            self.value.as_object().ok_or_else(|| Failure::invalid("The body is not a JSON object."))?;
        let unknown: Vec<_> = object.keys().filter(|key| !allowed.contains(&key.as_str())).collect();
        if unknown.is_empty() {
            return Ok(object);
        }
        let errors = unknown.into_iter().map(|key| FieldError::new(key, "unknown field"));
        Err(Failure::fields(errors.collect()))
    }
}

/// Reads a required text field of at most `max_chars` characters.
pub fn text_field<'a>(
    object: &'a serde_json::Map<String, Value>,
    field: &str,
    max_chars: usize,
) -> Result<&'a str, Failure> {
    let text = object.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Failure::field(field, "expected a text"))?;
    if text.chars().count() > max_chars {
        return Err(Failure::field(field, format!("expected at most {max_chars} characters")));
    }
    Ok(text)
}

/// Reads the required field `note`: why a person does something, for the audit log and for everybody who reads it.
pub fn note_field(object: &serde_json::Map<String, Value>) -> Result<&str, Failure> {
    let note = text_field(object, "note", MAX_NOTE_CHARS)?.trim();
    if note.is_empty() {
        return Err(Failure::field("note", "expected a text"));
    }
    // A note is shown in terminals, where an escape sequence would do more than show.
    if note.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(Failure::field("note", "expected no control characters but line breaks"));
    }
    Ok(note)
}

/// Reads the field `language`; English if it is missing.
pub fn language_field(object: &serde_json::Map<String, Value>) -> Result<Language, Failure> {
    let language =
        object.get("language").map_or(Some(Language::En), |field| Language::parse(field.as_str()?));
    language.ok_or_else(|| Failure::field("language", "expected en or es"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}
