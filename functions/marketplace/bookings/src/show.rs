//! A booking as it is shown.

use shared::domain::kernel::account::Role;
use shared::domain::marketplace::booking::{Booking, Policy, Step, StepRefusal};
use shared::domain::marketplace::booking_record::BookingRecord;
use shared::views::Timestamp;
use shared::views::marketplace::booking::{BookingPayoutView, BookingView, StepRefusalView};

/// The booking for a reader with a role. Customers do not see the platform's fee and the professional's share.
pub(crate) fn show(row: &BookingRecord, booking: &Booking, reader: Role, policy: &Policy) -> BookingView {
    let (terms, amounts) = (&booking.terms, &booking.amounts);
    let decline = booking.decline.as_ref();
    let cancellation = booking.cancellation.as_ref();
    // Codes of a provider are for staff, who can act on them; `payment_status` says where the money is.
    let is_customer = reader == Role::Customer;
    BookingView {
        booking_id: row.booking_id,
        status: booking.status,
        professional_id: terms.professional_id.clone(),
        customer_id: terms.customer_id.clone(),
        payment_status: booking.payment_status(),
        payment_intent_id: booking.payment_intent.as_ref().or(row.payment_intent_id.as_ref()).cloned(),
        amount: terms.price.amount,
        currency: terms.price.currency.clone(),
        captured_amount: amounts.captured,
        refunded_amount: amounts.refunded,
        fee_amount: (!is_customer).then_some(amounts.fee),
        payable_amount: (!is_customer).then_some(amounts.payable),
        scheduled_start: Timestamp(terms.scheduled_start),
        created_at: Timestamp(booking.requested_at),
        authorized_at: booking.authorization.as_ref().map(|authorization| Timestamp(authorization.at)),
        decline_due_at: booking.decline_due_at(policy).map(Timestamp),
        accepted_at: booking.accepted_at.map(Timestamp),
        completed_at: booking.completed_at.map(Timestamp),
        declined_at: decline.map(|decline| Timestamp(decline.at)),
        declined_reason: decline.map(|decline| decline.reason),
        auto_declined_at: decline.and_then(|decline| decline.auto_declined_at()).map(Timestamp),
        processed_by_cron: decline.is_some_and(|decline| decline.processed_by_cron),
        cancelled_at: cancellation.map(|(at, _)| Timestamp(*at)),
        cancelled_by: cancellation.map(|(_, by)| *by),
        disputed: booking.dispute_open,
        payout: if is_customer { None } else { payout(booking) },
        refused: if is_customer { Vec::new() } else { refused(booking) },
        anomalies: if is_customer { Vec::new() } else { booking.anomalies.iter().copied().collect() },
    }
}

/// Refused effects that are not resolved yet, including the creation of the payment.
fn refused(booking: &Booking) -> Vec<StepRefusalView> {
    let show = |(step, refusal): (Step, &StepRefusal)| StepRefusalView {
        step,
        reason: refusal.reason.clone(),
        amount: booking.waiting_amount(step),
        refused_at: Timestamp(refusal.refused_at),
    };
    booking.shown_refusals().map(show).collect()
}

fn payout(booking: &Booking) -> Option<BookingPayoutView> {
    let payout = booking.payout.as_ref()?;
    Some(BookingPayoutView {
        batch_id: payout.batch,
        transfer_id: payout.transfer.clone(),
        paid_at: Timestamp(payout.at),
        amount: booking.amounts.transferred,
        carried_amount: booking.amounts.carried,
    })
}
