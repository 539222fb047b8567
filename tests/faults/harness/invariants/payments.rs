//! Customers' payments: captured or voided, never both, and neither twice.

use std::collections::BTreeMap;

use shared::domain::marketplace::booking::{Booking, Step};
use stand_ins::outbox::Kind;
use stand_ins::stripe::IntentStatus;

use crate::harness::invariant::{Invariant, Moment, must};

pub struct CapturedOrVoided;

impl Invariant for CapturedOrVoided {
    fn after_call(&self, moment: &Moment<'_>) -> Result<(), String> {
        let mut done: BTreeMap<String, (usize, usize, usize)> = BTreeMap::new();
        for entry in moment.world.service.sandbox.outbox.entries() {
            let (taken, let_go, back) = match entry.kind {
                Kind::Capture => (1, 0, 0),
                Kind::Release => (0, 1, 0),
                Kind::Refund => (0, 0, 1),
                _ => continue,
            };
            let sums = done.entry(entry.to.clone()).or_default();
            *sums = (sums.0 + taken, sums.1 + let_go, sums.2 + back);
        }
        let wrong = done.iter().find(|(_, (taken, let_go, back))| taken + let_go > 1 || *back > 1);
        must(wrong.is_none(), || format!("taken, let go, given back: {wrong:?}"))
    }

    fn at_rest(&self, moment: &Moment<'_>) -> Result<(), String> {
        for booked in moment.after.bookings() {
            let payment = booked.row.payment_intent_id.as_ref().map(|id| id.as_str());
            let Some((booking, payment)) = booked.booking.as_ref().zip(payment) else { continue };
            let stands = moment.world.service.sandbox.stripe.payment_intent(payment);
            let status = stands.map(|payment| payment.status);
            let context = || format!("{payment} is {status:?}: {}", booked.projected);
            must(status.is_some_and(|status| matches(booking, status)), context)?;
        }
        Ok(())
    }
}

/// Whether the payment's status matches the booking: accepted ones are captured, declined ones voided.
fn matches(booking: &Booking, status: IntentStatus) -> bool {
    let waits = [IntentStatus::RequiresPaymentMethod, IntentStatus::RequiresCapture];
    let unfinished = Step::ALL.into_iter().any(|step| {
        matches!(step, Step::Capture | Step::Release | Step::Refund) && booking.wants(step, None)
    });
    // A refused change leaves the payment unchanged; another invariant checks that it is listed.
    let is_refused = booking.unresolved_refusals().any(|(step, _)| booking.waiting_amount(step).is_some());
    match status {
        _ if is_refused => booking.stage.is_off(),
        _ if unfinished => false,
        IntentStatus::Succeeded => booking.amounts.captured > 0,
        IntentStatus::Canceled => booking.released_at.is_some() && booking.amounts.captured == 0,
        status => waits.contains(&status) && !booking.stage.is_off() && booking.accepted_at.is_none(),
    }
}
