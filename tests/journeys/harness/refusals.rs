//! Every provider refuses every call of a job for good, one call at a time: each movement of money happens once or
//! is listed as unresolved, and no state claims the opposite.

use std::cell::Cell;

use axum::http::StatusCode;
use local::fault::{ErrorCode, FaultKind};

use super::declines::{Act, Declines};
use super::gate::Order;
use super::outside::Happening;
use super::payday::{self, Payouts};
use super::reminders::{self, Reminders, Step};
use super::scene::Scene;
use super::season::in_a_row;

/// A refusal of each kind.
const REFUSALS: [FaultKind; 5] = [
    FaultKind::Refused(StatusCode::BAD_REQUEST, ErrorCode::new("charge_expired_for_capture")),
    FaultKind::Refused(StatusCode::PAYMENT_REQUIRED, ErrorCode::new("card_declined")),
    FaultKind::Refused(StatusCode::FORBIDDEN, ErrorCode::new("account_closed")),
    FaultKind::Refused(StatusCode::NOT_FOUND, ErrorCode::new("resource_missing")),
    FaultKind::Refused(StatusCode::UNPROCESSABLE_ENTITY, ErrorCode::new("validation_error")),
];

/// The scene once for each of its calls, which is refused.
pub(super) fn refused_at_every_call(scene: &impl Scene) {
    for refusal in REFUSALS {
        for chosen in 1.. {
            let calls = Cell::new(0);
            eprintln!("{}: {refusal} at call {chosen}", scene.name());
            in_a_row(scene, |_, asked| {
                if !asked.is_of_provider() {
                    return Order::Go;
                }
                calls.set(calls.get() + 1);
                if calls.get() == chosen { Order::Provider(refusal) } else { Order::Go }
            });
            if calls.get() < chosen {
                break;
            }
        }
    }
}

#[test]
fn a_decline_an_acceptance_or_a_cancellation_that_is_refused_anywhere_is_done_or_listed() {
    let (accept, cancel) = (Act::Accept(0), Act::Cancel(0));
    let capture = Act::Comes(Happening::Capture(0));
    for acts in [vec![Act::Sweep], vec![accept], vec![cancel], vec![accept, cancel], vec![capture, cancel]] {
        refused_at_every_call(&Declines::of_one(&acts));
    }
}

#[test]
fn a_payout_that_is_refused_anywhere_is_made_once_on_a_later_day() {
    refused_at_every_call(&Payouts::of(&[2], &[payday::Act::Tick]));
    refused_at_every_call(&Payouts { balance: Some(100_000), ..Payouts::of(&[1], &[payday::Act::Tick]) });
}

#[test]
fn a_reminder_that_is_refused_anywhere_is_sent_once_or_listed() {
    for step in [Step::Message, Step::Grant, Step::All] {
        refused_at_every_call(&Reminders::of_one(step, &[reminders::Act::Tick]));
    }
}
