//! The properties that hold in every state, and the states that must be reachable.

use stateright::Property;

use crate::booking::Payout;
use crate::protocol::Protocol;
use crate::rest::ends_undisturbed;
use crate::state::State;
use crate::stripe::MAX_ORPHANS;
use crate::worker::{CallResult, Worker};

pub const PAID_ONCE: &str = "a booking has at most one transfer";
/// `paid` names an existing transfer, exactly if a payout is done.
pub const PAID_IS_TRUE: &str = "what is written as paid was paid, and the payout says so too";
/// No settlement under an old fence.
pub const FENCED: &str = "no settlement is accepted under an old fence";
/// A refusal is final: nothing was moved, and nothing will be.
pub const REJECTED_IS_FINAL: &str = "a rejected payout has no transfer, not even later";
/// Once faults stop, a few sweeps are enough.
pub const ENDS: &str = "undisturbed sweeps pay exactly once, or leave a refusal or a doubt to a person";
/// The bound of the model's network is never reached.
pub const ROOM: &str = "the network has room for another call";

pub(crate) fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(PAID_ONCE, |_, state: &State| state.stripe.transfers() <= 1),
        Property::always(PAID_IS_TRUE, |_, state: &State| paid_is_true(state)),
        Property::always(FENCED, |_, state: &State| !state.old_fence_was_accepted),
        Property::always(REJECTED_IS_FINAL, |_, state: &State| {
            let mut rejected = state.booking.payouts().filter(|(_, payout)| *payout == Payout::Rejected);
            rejected.all(|(version, _)| state.stripe.made(version) == 0)
        }),
        Property::always(ENDS, |protocol, state: &State| {
            !state.is_at_rest() || ends_undisturbed(protocol, *state)
        }),
        Property::always(ROOM, |_, state: &State| state.stripe.orphans().count() < MAX_ORPHANS),
        Property::sometimes("the second version pays", |_, state: &State| state.booking.paid == Some(2)),
        Property::sometimes("a look-up finds what a lost call did", |_, state: &State| {
            state.workers.iter().any(|worker| matches!(worker, Worker::LookingUp { .. }))
                && state.stripe.transfers() == 1
        }),
        Property::sometimes("a key expires whose transfer was made and not recorded", |_, state: &State| {
            state.stripe.made(1) == 1 && !state.stripe.remembers(1) && state.booking.paid.is_none()
        }),
        Property::sometimes("a worker that was overtaken has something to write", |_, state: &State| {
            state.workers.iter().any(|worker| {
                matches!(worker, Worker::Knowing { verdict: CallResult::Done { .. }, is_newest: false, .. })
            })
        }),
        Property::sometimes("a doubt is left to a person although the money moved", |_, state: &State| {
            matches!(state.booking.payout(1), Payout::Unknown { .. }) && state.stripe.made(1) == 1
        }),
    ]
}

fn paid_is_true(state: &State) -> bool {
    let is_done = state.booking.payouts().any(|(_, payout)| payout == Payout::Done);
    match state.booking.paid {
        Some(transfer) => is_done && state.stripe.made(transfer) > 0,
        None => !is_done,
    }
}
