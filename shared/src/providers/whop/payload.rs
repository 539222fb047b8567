//! From a verified body to an [`Event`], whatever dialect it is in.

use super::dialect::Envelope;
use super::signature::Verified;
use super::{event_id, meaning};
use crate::domain::event::Event;
use crate::providers::signed::body::{self, Unreadable};

/// Reads what a verified webhook says.
///
/// Only a body that is no JSON object is refused. An event of an unknown name or of none, or one whose ids, amounts or instants
/// cannot be read, is still an event: with [`Nothing`](crate::domain::event::Meaning::Nothing), `None`
/// and the signed time in their places.
pub fn read(verified: &Verified) -> Result<Event, Unreadable> {
    let root = body::object(verified.body())?;
    let envelope = Envelope::new(root);
    let occurred = meaning::occurred_at(&envelope, verified.signed_at());
    Ok(Event {
        event_id: event_id::of(&envelope, verified),
        company_id: envelope.company_id(),
        membership_id: envelope.membership_id(),
        payment_id: envelope.payment_id(),
        user_id: envelope.user_id(),
        occurred_at: occurred.at,
        occurred_at_source: occurred.source,
        meaning: meaning::of(&envelope),
        name: envelope.name,
    })
}

#[cfg(test)]
mod tests;
