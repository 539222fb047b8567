//! Interprets an event for a case. The name decides and not Whop's flags (`valid: true` on a membership that
//! became invalid).

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::amount::{self, ReadAmount};
use super::dialect::Envelope;
use super::published::is_published;
use crate::domain::platform::event::{IgnoreReason, Meaning, Occurred, Part};
use crate::domain::recovery::membership::BillingState;
use crate::providers::signed::body::is_plain_id;
use crate::providers::signed::moment;

/// The meaning of an event, and the part that could not be read although the rest is applied.
pub(super) struct ReadMeaning {
    pub(super) meaning: Meaning,
    pub(super) unread: Option<Part>,
}

impl From<Meaning> for ReadMeaning {
    fn from(meaning: Meaning) -> Self {
        Self { meaning, unread: None }
    }
}

/// Events that we do not act on, or that name neither a membership nor a payment, mean [`Meaning::Nothing`]. An
/// unknown name is [`Meaning::Ignored`], which is counted and can be replayed by a version that knows it. An unknown value in a field that decides makes the event [`Meaning::Unreadable`], which waits for a person.
pub(super) fn of(envelope: &Envelope) -> ReadMeaning {
    read(envelope).unwrap_or_else(|part| Meaning::Unreadable { part }.into())
}

fn read(envelope: &Envelope) -> Result<ReadMeaning, Part> {
    let data = envelope.data();
    let of_membership = envelope.membership_id().is_some();
    let of_case = of_membership || envelope.payment_id().is_some();
    Ok(match envelope.name.as_str() {
        "payment.failed" if of_case && is_failed_renewal(data, of_membership)? => {
            let ReadAmount { money, unread } = amount::due_amount(data);
            ReadMeaning { meaning: Meaning::RenewalFailed { money }, unread }
        }
        "payment.succeeded" if of_case => {
            let ReadAmount { money, unread } = amount::paid_amount(data);
            let of_renewal = ChargeReason::of(data)?.is_none_or(ChargeReason::is_renewal);
            ReadMeaning { meaning: Meaning::PaymentSucceeded { money, of_renewal }, unread }
        }
        "membership.activated" | "membership.went_valid" if of_membership => Meaning::MembershipValid.into(),
        "membership.deactivated" | "membership.went_invalid" if of_membership && has_ended(envelope)? => {
            Meaning::MembershipEnded.into()
        }
        "membership.cancel_at_period_end_changed" | "membership.updated" if of_membership => changed(data),
        "refund.created" | "refund.updated" | "dispute.created" | "dispute.updated" if of_case => {
            money_returned(envelope)?
        }
        _ if is_published(envelope) => Meaning::Nothing.into(),
        _ => Meaning::Ignored { reason: IgnoreReason::UnknownName }.into(),
    })
}

/// Why a payment was charged. Source: `BillingReasons` of the official crate `whop_sdk` 1.1.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ChargeReason {
    FirstCharge,
    Renewal,
    OneTime,
    Manual,
}

impl ChargeReason {
    /// `None` if the event has no reason, as in the older dialects.
    fn of(payment: &Value) -> Result<Option<Self>, Part> {
        let Some(reason) = non_empty(&payment["billing_reason"]) else { return Ok(None) };
        match reason.as_str() {
            "subscription_cycle" | "subscription_update" | "subscription" => Ok(Some(Self::Renewal)),
            "subscription_create" => Ok(Some(Self::FirstCharge)),
            "one_time" => Ok(Some(Self::OneTime)),
            "manual" => Ok(Some(Self::Manual)),
            _ => Err(Part::Reason),
        }
    }

    fn is_renewal(self) -> bool {
        self == Self::Renewal
    }
}

/// The changes of the membership. Only present texts and flags count.
fn changed(membership: &Value) -> ReadMeaning {
    let cancel_scheduled = flag(&membership["cancel_at_period_end"]);
    let collection_paused = flag(&membership["payment_collection_paused"]);
    if cancel_scheduled.is_none() && collection_paused.is_none() {
        return Meaning::Nothing.into();
    }
    Meaning::MembershipChanged { cancel_scheduled, collection_paused }.into()
}

/// The older dialects also write flags as texts or numbers.
fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => match text.as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => match number.as_u64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The time of the event: its most specific timestamp, otherwise the signed time of arrival.
pub(super) fn occurred_at(envelope: &Envelope, signed_at: DateTime<Utc>) -> Occurred {
    let (data, timestamp) = (envelope.data(), envelope.field("timestamp"));
    // The dated versions append `_at` to the names of timestamps.
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

/// When a membership was bought, if the event reports that it became valid or was paid for the first time.
pub(super) fn bought_at(envelope: &Envelope, occurred: Occurred) -> Option<DateTime<Utc>> {
    let data = envelope.data();
    match envelope.name.as_str() {
        "membership.activated" | "membership.went_valid" => {
            Some(moment::first_sane(&[&data["created_at"]], occurred.at).at)
        }
        "payment.succeeded" => {
            // A manual charge concerns an existing membership, so nothing was bought.
            let reason = ChargeReason::of(data).ok().flatten();
            let is_purchase = matches!(reason, Some(ChargeReason::FirstCharge | ChargeReason::OneTime));
            is_purchase.then_some(occurred.at)
        }
        _ => None,
    }
}

/// Whether a renewal failed; a failed first checkout does not count. The older dialects have no reason: there a
/// membership that never began, or a payment without a membership, is a first checkout.
fn is_failed_renewal(payment: &Value, of_membership: bool) -> Result<bool, Part> {
    Ok(match ChargeReason::of(payment)? {
        Some(reason) => reason.is_renewal(),
        None => {
            let status = non_empty(&payment["membership"]["status"]);
            of_membership && !matches!(status.as_deref(), Some("drafted" | "trialing"))
        }
    })
}

/// Whether the membership has ended. An unpaid one can still be recovered; only some statuses are final.
fn has_ended(envelope: &Envelope) -> Result<bool, Part> {
    let Some(status) = non_empty(&envelope.data()["status"]) else {
        return Ok(envelope.name == "membership.deactivated");
    };
    match BillingState::of_status(&status) {
        BillingState::Ended => Ok(true),
        // The older dialects sometimes write it with two letters l.
        BillingState::Unknown if status == "cancelled" => Ok(true),
        BillingState::Unknown => Err(Part::Status),
        BillingState::Owing | BillingState::Valid | BillingState::NotStarted => Ok(false),
    }
}

fn money_returned(envelope: &Envelope) -> Result<ReadMeaning, Part> {
    let data = envelope.data();
    let return_id = match data["id"].as_str().filter(|id| is_plain_id(id)) {
        Some(id) => id.to_owned(),
        // Without its own id it is identified by the payment, of which there is at most one.
        None => match (envelope.payment_id(), envelope.membership_id()) {
            (Some(payment), _) => format!("{}_of_{payment}", envelope.noun()),
            (None, Some(membership)) => format!("{}_of_{membership}", envelope.noun()),
            (None, None) => return Ok(Meaning::Nothing.into()),
        },
    };
    let moved_nothing = match envelope.noun() {
        "refund" => refund_came_to_nothing(data)?,
        _ => dispute_came_to_nothing(data)?,
    };
    let ReadAmount { money, unread } =
        if moved_nothing { amount::nothing_returned(data) } else { amount::returned_amount(data) };
    Ok(ReadMeaning { meaning: Meaning::MoneyReturned { return_id, money }, unread })
}

/// Whether a refund failed. A pending one counts as refunded. Source: `RefundStatus` and `RefundStatuses` of the
/// official crate.
fn refund_came_to_nothing(refund: &Value) -> Result<bool, Part> {
    match non_empty(&refund["status"]).as_deref() {
        None | Some("succeeded" | "pending" | "requires_action") => Ok(false),
        Some("failed" | "canceled" | "cancelled") => Ok(true),
        Some(_) => Err(Part::Status),
    }
}

/// Whether a dispute took no money: an inquiry (older: a status beginning with `warning_`) moves none, and a won
/// one gives it back. Source: `DisputeStatus` and `DisputeStatuses` of the official crate. One closed without a
/// ruling counts as lost until another event says otherwise, so that revenue is not overstated.
fn dispute_came_to_nothing(dispute: &Value) -> Result<bool, Part> {
    if flag(&dispute["inquiry"]) == Some(true) {
        return Ok(true);
    }
    match non_empty(&dispute["status"]).as_deref() {
        Some("won" | "warning_needs_response" | "warning_under_review" | "warning_closed") => Ok(true),
        None | Some("needs_response" | "under_review" | "lost" | "closed" | "other") => Ok(false),
        Some(_) => Err(Part::Status),
    }
}

/// Reads a status or reason; an empty text counts as absent.
fn non_empty(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_ascii_lowercase)
}
