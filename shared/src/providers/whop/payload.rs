//! From a verified body to an [`Event`], whatever dialect it is in.

use super::dialect::Envelope;
use super::meaning::ReadMeaning;
use super::signature::VerifiedWhopEvent;
use super::{event_id, meaning};
use crate::domain::platform::event::Event;
use crate::providers::signed::body::{self, Unreadable};

/// Reads what a verified webhook says.
///
/// Only a body that is no JSON object is refused. An event of an unknown name or of none, or one whose ids, amounts or instants
/// cannot be read, is still an event: with [`Nothing`](crate::domain::platform::event::Meaning::Nothing), `None`
/// and the signed time in their places.
pub fn read(verified: &VerifiedWhopEvent) -> Result<Event, Unreadable> {
    let root = body::object(verified.body())?;
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

/// Reads a kept event once more: what an earlier version could not read, this one may. The body is the
/// one that was verified when it came, so its ids and its time stay as they are.
pub fn read_again(kept: &Event, raw: &[u8]) -> Result<Event, Unreadable> {
    let envelope = Envelope::new(body::object(raw)?);
    let ReadMeaning { meaning, unread } = meaning::of(&envelope);
    Ok(Event { meaning, unread, ..kept.clone() })
}

#[cfg(test)]
pub(super) mod tests;
