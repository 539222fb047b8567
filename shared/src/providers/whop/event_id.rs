//! The id of an event, by which repeated deliveries are recognized.

use ring::digest;
use serde_json::Value;

use super::dialect::Envelope;
use super::signature::VerifiedWhopEvent;
use crate::providers::signed::body::is_plain_id;

/// The signed `webhook-id`, otherwise the envelope's own id, otherwise one derived from the content.
pub(super) fn of(envelope: &Envelope, verified: &VerifiedWhopEvent) -> String {
    let hint = verified.event_id_hint().filter(|id| is_plain_id(id));
    let own = envelope.field("id").as_str().filter(|id| id.starts_with("msg_") || id.starts_with("evt"));
    match hint.or(own.filter(|id| is_plain_id(id))) {
        Some(id) => id.to_owned(),
        None => derive(envelope, verified.body()),
    }
}

/// Fields that differ between two events of one name about one object, and never between two deliveries of one
/// event: the attempt, the status, the flag, the period, the amount.
const DISTINGUISHING_FIELDS: [&str; 20] = [
    "status",
    "substatus",
    "last_payment_attempt",
    "last_payment_attempt_at",
    "next_payment_attempt",
    "next_payment_attempt_at",
    "payments_failed",
    "paid_at",
    "refunded_at",
    "refunded_amount",
    "amount",
    "valid",
    "cancel_at_period_end",
    "canceled_at",
    "payment_collection_paused",
    "renewal_period_start",
    "renewal_period_end",
    "expires_at",
    "inquiry",
    "updated_at",
];

/// The events for which [`DISTINGUISHING_FIELDS`] suffice. All others are identified by the whole body: storing a
/// duplicate of an event that we ignore is harmless, losing an event is not.
const KNOWN: [&str; 12] = [
    "payment.failed",
    "payment.succeeded",
    "payment.pending",
    "membership.activated",
    "membership.went_valid",
    "membership.deactivated",
    "membership.went_invalid",
    "membership.cancel_at_period_end_changed",
    "refund.created",
    "refund.updated",
    "dispute.created",
    "dispute.updated",
];

/// Derives an id, because the older dialects have none.
fn derive(envelope: &Envelope, body: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let data = envelope.data();
    add(&mut context, envelope.name.as_bytes());
    match data["id"].as_str() {
        Some(id) if KNOWN.contains(&envelope.name.as_str()) => {
            add(&mut context, id.as_bytes());
            for field in DISTINGUISHING_FIELDS {
                add(&mut context, canonical(&data[field]).as_bytes());
            }
        }
        _ => add(&mut context, body),
    }
    format!("derived_{}", hex::encode(context.finish()))
}

/// Absent and null count as equal, and so do `4` and `"4"`, because encoders differ.
fn canonical(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Adds a part preceded by its length, so that two lists of parts never give the same text.
fn add(context: &mut digest::Context, part: &[u8]) {
    context.update(&(part.len() as u64).to_be_bytes());
    context.update(part);
}
