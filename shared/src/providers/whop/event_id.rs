//! The id under which an event is known, so that a second delivery of it is recognised.

use ring::digest;
use serde_json::Value;

use super::dialect::Envelope;
use super::signature::VerifiedWhopEvent;
use crate::providers::signed::body::is_plain_id;

/// The signed `webhook-id`, else the envelope's own id, else one derived from the content.
pub(super) fn of(envelope: &Envelope, verified: &VerifiedWhopEvent) -> String {
    let hint = verified.event_id_hint().filter(|id| is_plain_id(id));
    let own = envelope.field("id").as_str().filter(|id| id.starts_with("msg_") || id.starts_with("evt"));
    match hint.or(own.filter(|id| is_plain_id(id))) {
        Some(id) => id.to_owned(),
        None => derive(envelope, verified.body()),
    }
}

/// What changes between two events of one name about one thing, and never between two deliveries of one
/// event: the next attempt, the next state, the next flag, the next period, the next amount.
const TELLING_APART: [&str; 20] = [
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

/// The events of which [`TELLING_APART`] is known to be enough. Of any other the whole body is the
/// identity: a duplicate kept of what we do not act on is harmless, a lost event is not.
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

/// The older dialects carry no event id.
fn derive(envelope: &Envelope, body: &[u8]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    let data = envelope.data();
    add(&mut context, envelope.name.as_bytes());
    match data["id"].as_str() {
        Some(id) if KNOWN.contains(&envelope.name.as_str()) => {
            add(&mut context, id.as_bytes());
            for field in TELLING_APART {
                add(&mut context, canonical(&data[field]).as_bytes());
            }
        }
        _ => add(&mut context, body),
    }
    format!("derived_{}", hex::encode(context.finish()))
}

/// Absent and null are the same, and so are `4` and `"4"`: encoders differ in them.
fn canonical(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// With its length in front, so that no two lists of parts run together into one text.
fn add(context: &mut digest::Context, part: &[u8]) {
    context.update(&(part.len() as u64).to_be_bytes());
    context.update(part);
}
