//! The states reachable without further faults.

use stateright::Model;

use crate::booking::Payout;
use crate::protocol::{Action, Protocol};
use crate::state::State;
use crate::stripe::End;

/// Enough for a day: a recent call with a stored 500 waits until the key expires, if an empty look-up has to
/// wait.
const SWEEPS: usize = 4;

/// More than the steps of a sweep that finds one version refused and pays the next.
const STEPS: usize = 40;

/// Whether a few sweeps by one worker, a lease apart, bring the payout to an end that is true.
pub(crate) fn ends_undisturbed(protocol: &Protocol, mut state: State) -> bool {
    // Errors stored under each key before the restore are returned one after the other.
    let sweeps = if state.is_restored { SWEEPS * usize::from(protocol.versions) } else { SWEEPS };
    for _ in 0..sweeps {
        sweep(protocol, &mut state);
        for _ in 0..protocol.clock.lease {
            protocol.step(&mut state, Action::Tick);
            while go_on(protocol, &mut state, |action| matches!(action, Action::EndOrphan(..))) {}
        }
    }
    let transfers = state.stripe.transfers();
    match state.booking.payout(state.booking.version.max(1)) {
        Payout::Done => transfers == 1,
        Payout::Rejected => transfers == 0 && state.booking.version == protocol.versions,
        Payout::Unknown { .. } => transfers <= 1,
        Payout::Absent | Payout::Prepared | Payout::Sending { .. } => false,
    }
}

/// One sweep. It terminates, unless a rule is missing that keeps it from repeating a row.
fn sweep(protocol: &Protocol, state: &mut State) {
    let mut steps = 0..STEPS;
    while steps.next().is_some() && go_on(protocol, state, |action| !matches!(action, Action::Forget(_))) {}
}

/// Does the first step of a kind that is no fault.
fn go_on(protocol: &Protocol, state: &mut State, kind: fn(Action) -> bool) -> bool {
    let mut actions = Vec::new();
    protocol.actions(state, &mut actions);
    let is_rest = state.is_at_rest();
    let begins = |action| matches!(action, Action::Plan(_) | Action::Read(..));
    let mut fitting = actions.into_iter().filter(|action| kind(*action) && is_harmless(*action));
    let next = fitting.find_map(|action| {
        let may = is_rest || !begins(action);
        may.then(|| protocol.next_state(state, action)).flatten()
    });
    next.inspect(|next| *state = *next).is_some()
}

fn is_harmless(action: Action) -> bool {
    match action {
        Action::Tick
        | Action::Crash(..)
        | Action::TimeOut(..)
        | Action::GiveUp(_)
        | Action::Restore
        | Action::LookByHand(..) => false,
        Action::EndOrphan(_, Some(end)) | Action::Answer(_, end) => matches!(end, End::Make | End::Replay),
        _ => true,
    }
}
