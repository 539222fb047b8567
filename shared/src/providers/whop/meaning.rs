//! What an event means for a case. The name decides; Whop's flags (`valid: true` on a membership that
//! went invalid) do not.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::amount;
use super::dialect::Envelope;
use crate::domain::event::{Meaning, Occurred};
use crate::providers::signed::body::is_plain_id;
use crate::providers::signed::moment;

/// The meaning of the event. Names we do not act on, and events that name neither a membership nor a
/// payment, mean [`Meaning::Nothing`].
pub(super) fn of(envelope: &Envelope) -> Meaning {
    let data = envelope.data();
    let of_membership = envelope.membership_id().is_some();
    let of_case = of_membership || envelope.payment_id().is_some();
    match envelope.name.as_str() {
        "payment.failed" if of_case && is_renewal(data, of_membership) => {
            Meaning::RenewalFailed { money: amount::owed(data) }
        }
        "payment.succeeded" if of_case => Meaning::PaymentSucceeded { money: amount::paid(data) },
        "membership.activated" | "membership.went_valid" if of_membership => Meaning::MembershipValid,
        "membership.deactivated" | "membership.went_invalid" if of_membership && has_ended(envelope) => {
            Meaning::MembershipEnded
        }
        "refund.created" | "refund.updated" | "dispute.created" | "dispute.updated" if of_case => {
            money_returned(envelope)
        }
        _ => Meaning::Nothing,
    }
}

/// When it happened: the event's most telling instant, else the signed time of arrival.
pub(super) fn occurred_at(envelope: &Envelope, signed_at: DateTime<Utc>) -> Occurred {
    let (data, timestamp) = (envelope.data(), envelope.field("timestamp"));
    // The dated versions put `_at` behind the names of instants.
    let (attempt, attempt_at) = (&data["last_payment_attempt"], &data["last_payment_attempt_at"]);
    match envelope.name.as_str() {
        // A payment's `created_at` is that of its first attempt, days before this one.
        "payment.failed" => moment::first_sane(&[attempt, attempt_at, timestamp], signed_at),
        "payment.succeeded" => {
            moment::first_sane(&[&data["paid_at"], timestamp, attempt, attempt_at], signed_at)
        }
        "refund.created" | "dispute.created" => {
            moment::first_sane(&[timestamp, &data["created_at"]], signed_at)
        }
        "refund.updated" | "dispute.updated" => {
            moment::first_sane(&[timestamp, &data["updated_at"]], signed_at)
        }
        _ => moment::first_sane(&[timestamp], signed_at),
    }
}

/// A failed first checkout is nobody leaving. The older dialects give no reason: there a membership that
/// never began tells, and a payment without any membership.
fn is_renewal(payment: &Value, of_membership: bool) -> bool {
    match word(&payment["billing_reason"]).as_deref() {
        Some("subscription_cycle" | "subscription_update" | "subscription") => true,
        Some(_) => false,
        None => {
            let status = word(&payment["membership"]["status"]);
            of_membership && !matches!(status.as_deref(), Some("drafted" | "trialing"))
        }
    }
}

/// An unpaid membership can still be recovered; only these states are final.
fn has_ended(envelope: &Envelope) -> bool {
    match word(&envelope.data()["status"]).as_deref() {
        Some(status) => matches!(status, "canceled" | "cancelled" | "expired" | "completed"),
        None => envelope.name == "membership.deactivated",
    }
}

fn money_returned(envelope: &Envelope) -> Meaning {
    let data = envelope.data();
    let return_id = match data["id"].as_str().filter(|id| is_plain_id(id)) {
        Some(id) => id.to_owned(),
        // Without an id of its own there is at most one to tell apart: that of this payment.
        None => match (envelope.payment_id(), envelope.membership_id()) {
            (Some(payment), _) => format!("{}_of_{payment}", envelope.noun()),
            (None, Some(membership)) => format!("{}_of_{membership}", envelope.noun()),
            (None, None) => return Meaning::Nothing,
        },
    };
    let moved_nothing = match envelope.noun() {
        "refund" => refund_came_to_nothing(data),
        _ => dispute_came_to_nothing(data),
    };
    let money = if moved_nothing { amount::nothing_returned(data) } else { amount::returned(data) };
    Meaning::MoneyReturned { return_id, money }
}

fn refund_came_to_nothing(refund: &Value) -> bool {
    matches!(word(&refund["status"]).as_deref(), Some("failed" | "canceled" | "cancelled"))
}

/// An inquiry (older: a status beginning with `warning_`) follows a dispute's life and moves no money.
fn dispute_came_to_nothing(dispute: &Value) -> bool {
    let status = word(&dispute["status"]).unwrap_or_default();
    status == "won" || status.starts_with("warning_") || dispute["inquiry"] == Value::Bool(true)
}

/// A status or reason; an empty text says as little as an absent one.
fn word(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_ascii_lowercase)
}
