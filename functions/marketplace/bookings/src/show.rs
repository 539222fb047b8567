//! A booking as it is shown.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::kernel::time;
use shared::domain::marketplace::booking::{Booking, Policy, Step, StepRefusal};
use shared::store::marketplace::booking::BookingRow;

/// The booking for a reader with a role. Customers do not see the platform's fee and the professional's share.
pub(crate) fn show(row: &BookingRow, booking: &Booking, reader: Role, policy: &Policy) -> Value {
    let (terms, amounts) = (&booking.terms, &booking.amounts);
    let decline = booking.decline.as_ref();
    let cancellation = booking.cancellation.as_ref();
    let mut shown = json!({
        "booking_id": row.booking_id,
        "status": booking.status,
        "professional_id": terms.professional_id,
        "customer_id": terms.customer_id,
        "payment_status": booking.payment_status(),
        "payment_intent_id": booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref()),
        "amount": terms.price.amount,
        "currency": terms.price.currency,
        "captured_amount": amounts.captured,
        "refunded_amount": amounts.refunded,
        "fee_amount": amounts.fee,
        "payable_amount": amounts.payable,
        "scheduled_start": time::format(terms.scheduled_start),
        "created_at": time::format(booking.requested_at),
        "authorized_at": at(booking.authorization.as_ref().map(|authorization| authorization.at)),
        "decline_due_at": at(booking.decline_due_at(policy)),
        "accepted_at": at(booking.accepted_at),
        "completed_at": at(booking.completed_at),
        "declined_at": at(decline.map(|decline| decline.at)),
        "declined_reason": decline.map(|decline| decline.reason),
        "auto_declined_at": at(decline.and_then(|decline| decline.auto_declined_at())),
        "processed_by_cron": decline.is_some_and(|decline| decline.processed_by_cron),
        "cancelled_at": at(cancellation.map(|(at, _)| *at)),
        "cancelled_by": cancellation.map(|(_, by)| by),
        "disputed": booking.dispute_open,
        "payout": payout(booking),
        "refused": refused(booking),
        "anomalies": booking.anomalies,
    });
    if reader == Role::Customer {
        for name in ["fee_amount", "payable_amount", "payout"] {
            shown[name] = Value::Null;
        }
        shown["anomalies"] = json!([]);
        // Codes of a provider are for staff, who can act on them; `payment_status` says where the money is.
        shown["refused"] = json!([]);
    }
    shown
}

/// Refused effects that are not resolved yet, including the creation of the payment.
fn refused(booking: &Booking) -> Vec<Value> {
    let show = |(step, refusal): (Step, &StepRefusal)| {
        json!({
            "step": step,
            "reason": refusal.reason,
            "amount": booking.waiting_amount(step),
            "refused_at": time::format(refusal.refused_at),
        })
    };
    booking.shown_refusals().map(show).collect()
}

fn payout(booking: &Booking) -> Option<Value> {
    let payout = booking.payout.as_ref()?;
    Some(json!({
        "batch_id": payout.batch,
        "transfer_id": payout.transfer,
        "paid_at": time::format(payout.at),
        "amount": booking.amounts.transferred,
        "carried_amount": booking.amounts.carried,
    }))
}

fn at(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(time::format)
}
