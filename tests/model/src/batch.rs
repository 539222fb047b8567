//! The steps that start a payout or resolve one manually: the payouts job of a batch, and the route by which
//! a person resolves an effect in doubt.

use crate::Protocol;
use crate::booking::Payout;
use crate::rules::Rule;
use crate::state::State;
use crate::worker::{CallResult, Worker};

impl Protocol {
    /// Reads a booking that is not paid and has nothing in progress.
    pub(crate) fn plan(&self, state: &mut State, place: usize) -> bool {
        let version = state.booking.version;
        let may_begin =
            version == 0 || (version < self.versions && state.booking.payout(version) == Payout::Rejected);
        if state.booking.paid.is_some() || !may_begin {
            return false;
        }
        let looks_up = version > 0 && self.rules.keep(Rule::NewVersionIsLookedUp);
        state.workers[place] =
            if looks_up { Worker::Planning { version } } else { Worker::Planned { version, found: None } };
        true
    }

    /// Looks up the booking's transfers before its next version.
    pub(crate) fn look_before_preparing(&self, state: &mut State, place: usize) -> bool {
        let Worker::Planning { version } = state.workers[place] else { return false };
        state.workers[place] = Worker::Planned { version, found: state.stripe.look_up() };
        true
    }

    /// Prepares the next version, or writes down the transfer that was found, in one transaction.
    pub(crate) fn prepare(&self, state: &mut State, place: usize) -> bool {
        let Worker::Planned { version, found } = state.workers[place] else { return false };
        state.workers[place] = Worker::Idle;
        let as_read = state.booking.version == version && state.booking.paid.is_none();
        if !as_read && self.rules.keep(Rule::PrepareUnderCondition) {
            return true;
        }
        if let Some(transfer) = found {
            state.booking.set_payout(version, Payout::Done);
            state.booking.paid = Some(transfer);
        } else {
            state.booking.version = version + 1;
            state.booking.set_payout(version + 1, Payout::Prepared);
        }
        true
    }

    /// A person looks up a payout in doubt.
    pub(crate) fn look_by_hand(&self, state: &mut State, place: usize, version: u8) -> bool {
        let Payout::Unknown { quiet_in } = state.booking.payout(version) else { return false };
        if quiet_in > 0 && self.rules.keep(Rule::HandWaits) {
            return false;
        }
        state.workers[place] = Worker::Resolving { version, found: state.stripe.look_up() };
        true
    }

    /// Records the result, if the payout is still in doubt.
    pub(crate) fn resolve(&self, state: &mut State, place: usize) -> bool {
        let Worker::Resolving { version, found } = state.workers[place] else { return false };
        state.workers[place] = Worker::Idle;
        if !matches!(state.booking.payout(version), Payout::Unknown { .. }) {
            return true;
        }
        let payout = match CallResult::found(found) {
            CallResult::Done { transfer } => {
                state.booking.paid = Some(transfer);
                Payout::Done
            }
            _ => Payout::Rejected,
        };
        state.booking.set_payout(version, payout);
        true
    }
}
