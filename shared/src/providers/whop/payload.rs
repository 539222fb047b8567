//! From a verified body to an [`Event`], whatever dialect it is in.

use serde_json::Value;

use super::dialect::Envelope;
use super::signature::Verified;
use super::{event_id, meaning};
use crate::domain::event::Event;

/// Why a verified body is no event. It says where, and quotes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or nested too deeply.
    #[error("the body is not JSON at line {line}, column {column}")]
    NotJson {
        /// Counted from one.
        line: usize,
        /// Counted from one; zero at the start of a line.
        column: usize,
    },
    /// JSON, but a list, a text or a number.
    #[error("the body is JSON but not an object")]
    NotAnObject,
    /// None of the three places holds a readable name.
    #[error("the body names no event in `type`, `action` or `event`")]
    NoName,
}

/// Reads what a verified webhook says.
///
/// Only the envelope can be wrong. An event of an unknown name, or one whose ids, amounts or instants
/// cannot be read, is still an event: with [`Nothing`](crate::domain::event::Meaning::Nothing), `None`
/// and the signed time in their places.
pub fn read(verified: &Verified) -> Result<Event, Unreadable> {
    let root: Value = serde_json::from_slice(verified.body())
        .map_err(|error| Unreadable::NotJson { line: error.line(), column: error.column() })?;
    if !root.is_object() {
        return Err(Unreadable::NotAnObject);
    }
    let envelope = Envelope::new(root).ok_or(Unreadable::NoName)?;
    Ok(Event {
        event_id: event_id::of(&envelope, verified),
        company_id: envelope.company_id(),
        membership_id: envelope.membership_id(),
        payment_id: envelope.payment_id(),
        user_id: envelope.user_id(),
        occurred_at: meaning::occurred_at(&envelope, verified.signed_at()),
        meaning: meaning::of(&envelope),
        name: envelope.name,
    })
}

#[cfg(test)]
mod tests;
