//! Parses a verified body into an [`Event`], in any dialect.

use super::dialect::Envelope;
use super::meaning::ReadMeaning;
use super::signature::VerifiedWhopEvent;
use super::{event_id, meaning};
use crate::domain::platform::event::Event;
use crate::providers::signed::body::{self, Unreadable};

/// Parses a verified webhook.
///
/// Only a body that is no JSON object is refused. An event with an unknown or missing name, or with invalid ids,
/// amounts or timestamps, is still an event: these become
/// [`Ignored`](crate::domain::platform::event::Meaning::Ignored), `None` and the signed time.
pub fn read(verified: &VerifiedWhopEvent) -> Result<Event, Unreadable> {
    let root = body::parse_object(verified.body())?;
    let envelope = Envelope::new(root);
    let occurred = meaning::occurred_at(&envelope, verified.signed_at());
    let ReadMeaning { meaning, unread } = meaning::of(&envelope);
    Ok(Event {
        event_id: event_id::of(&envelope, verified),
        company_id: envelope.company_id(),
        membership_id: envelope.membership_id(),
        payment_id: envelope.payment_id(),
        user_id: envelope.user_id(),
        occurred_at: occurred.at,
        occurred_at_source: occurred.source,
        product_id: envelope.product_id(),
        bought_at: meaning::bought_at(&envelope, occurred),
        unread,
        meaning,
        name: envelope.name,
    })
}

/// Parses a stored event again, because this version may understand what an earlier one did not. The body was
/// verified on arrival, so ids and time stay.
pub fn read_again(kept: &Event, raw: &[u8]) -> Result<Event, Unreadable> {
    let envelope = Envelope::new(body::parse_object(raw)?);
    let ReadMeaning { meaning, unread } = meaning::of(&envelope);
    Ok(Event { meaning, unread, ..kept.clone() })
}

#[cfg(test)]
pub(super) mod tests;
