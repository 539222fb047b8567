//! The steps of a worker that processes a payout; in the product `shared/src/effects.rs` (claim, settle) and
//! `shared/src/effects/attempt.rs` (the call, the look-up).

use crate::Protocol;
use crate::booking::Payout;
use crate::rules::Rule;
use crate::state::State;
use crate::stripe::{Answer, Call, End};
use crate::worker::{CallResult, Worker};

impl Protocol {
    /// Reads an unclaimed payout.
    pub(crate) fn read(&self, state: &mut State, place: usize, version: u8) -> bool {
        let abandoned_since = match state.booking.payout(version) {
            Payout::Prepared => None,
            Payout::Sending { lease_left: 0, since_first } => Some(since_first),
            _ => return false,
        };
        state.workers[place] = Worker::Reading { version, abandoned_since, is_newest: true };
        true
    }

    /// Claims it as read; its age decides the next step.
    pub(crate) fn claim(&self, state: &mut State, place: usize) -> bool {
        let Worker::Reading { version, abandoned_since, is_newest } = state.workers[place] else {
            return false;
        };
        let as_read = match state.booking.payout(version) {
            Payout::Prepared => abandoned_since.is_none(),
            Payout::Sending { .. } => abandoned_since.is_some(),
            _ => false,
        };
        if self.rules.keep(Rule::ClaimUnderCondition) && !(is_newest && as_read) {
            state.workers[place] = Worker::Idle;
            return true;
        }
        let since_first = abandoned_since.unwrap_or(0);
        let lease_left = self.clock.lease;
        state.booking.set_payout(version, Payout::Sending { lease_left, since_first });
        state.spread_claim(place, version);
        let in_doubt = abandoned_since.is_some();
        let is_old = since_first >= self.clock.horizon;
        state.workers[place] = if in_doubt && is_old && self.rules.keep(Rule::OldKeyIsLookedUp) {
            Worker::LookingUp { version, since_first: self.measured(since_first), is_newest: true }
        } else {
            Worker::Holding { version, in_doubt, lease_left, since_first, is_newest: true }
        };
        true
    }

    /// Reads the clock and calls, or leaves it to the next worker. The time between the reading and Stripe's
    /// end of the call counts as the call's time.
    pub(crate) fn call(&self, state: &mut State, place: usize) -> bool {
        let Worker::Holding { version, in_doubt, lease_left, since_first, is_newest } = state.workers[place]
        else {
            return false;
        };
        let late = self.rules.keep(Rule::LeaseBeforeCall) && lease_left <= self.clock.call;
        let old = self.rules.keep(Rule::HorizonBeforeCall) && since_first >= self.clock.horizon;
        let looks = state.is_restored && self.rules.keep(Rule::RestoredIsLookedUp);
        let found = state.stripe.look_up().filter(|_| looks);
        state.workers[place] = if late || old {
            Worker::Idle
        } else if let Some(transfer) = found {
            Worker::Knowing { version, verdict: CallResult::Done { transfer }, is_newest }
        } else {
            let (ticks_left, since_first) = (self.world.call_ticks, self.measured(since_first));
            Worker::Calling { version, in_doubt, ticks_left, since_first, is_newest }
        };
        true
    }

    /// The call ends, and its caller gets the answer.
    pub(crate) fn answer(&self, state: &mut State, place: usize, end: End) -> bool {
        let Worker::Calling { version, in_doubt, ticks_left, since_first, is_newest } = state.workers[place]
        else {
            return false;
        };
        let answer = state.stripe.end(version, self.world.call_ticks - ticks_left, end);
        let knowing = |verdict| Worker::Knowing { version, verdict, is_newest };
        let look_up = Worker::LookingUp { version, since_first, is_newest };
        let keeps_doubt = in_doubt && self.rules.keep(Rule::BusyKeepsDoubt);
        let believes = !in_doubt || !self.rules.keep(Rule::RefusedRepetitionIsLookedUp);
        state.workers[place] = match answer {
            Answer::Made => knowing(CallResult::Done { transfer: version }),
            Answer::Refused if believes => knowing(CallResult::Rejected),
            Answer::Refused | Answer::Broken => look_up,
            Answer::TurnedAway if !keeps_doubt => knowing(CallResult::Free),
            Answer::TurnedAway | Answer::Busy => knowing(CallResult::Doubt),
        };
        true
    }

    /// The caller times out. The call is lost, or continues without it; a lost answer is the same as a call
    /// that ends after its caller has gone.
    pub(crate) fn time_out(&self, state: &mut State, place: usize, arrives: bool) -> bool {
        let Worker::Calling { version, ticks_left, since_first, is_newest, .. } = state.workers[place] else {
            return false;
        };
        state.workers[place] = if self.rules.keep(Rule::DoubtIsLeftAlone) {
            Worker::Knowing { version, verdict: CallResult::Doubt, is_newest }
        } else {
            Worker::LookingUp { version, since_first, is_newest }
        };
        !arrives || state.stripe.orphan(Call { version, ticks_left })
    }

    /// Looks up the transfers of the booking's group.
    pub(crate) fn look_up(&self, state: &mut State, place: usize) -> bool {
        let Worker::LookingUp { version, since_first, is_newest } = state.workers[place] else {
            return false;
        };
        let verdict = match CallResult::found(state.stripe.look_up()) {
            CallResult::Rejected if since_first < self.clock.memory => CallResult::Doubt,
            verdict => verdict,
        };
        state.workers[place] = Worker::Knowing { version, verdict, is_newest };
        true
    }

    /// Has tried often enough.
    pub(crate) fn abandon(&self, state: &mut State, place: usize) -> bool {
        let Worker::Knowing { version, verdict: CallResult::Doubt, is_newest } = state.workers[place] else {
            return false;
        };
        state.workers[place] = Worker::Knowing { version, verdict: CallResult::GivenUp, is_newest };
        true
    }

    /// The time since the first claim, or long enough if an empty look-up counts at any time.
    fn measured(&self, since_first: u8) -> u8 {
        if self.rules.keep(Rule::EmptyLookUpWaits) { since_first } else { self.clock.memory }
    }

    /// Records the outcome, with the booking's `paid` in the same transaction.
    pub(crate) fn settle(&self, state: &mut State, place: usize) -> bool {
        let Worker::Knowing { version, verdict, is_newest } = state.workers[place] else { return false };
        state.workers[place] = Worker::Idle;
        let Payout::Sending { lease_left, since_first } = state.booking.payout(version) else { return true };
        if !is_newest {
            if self.rules.keep(Rule::SettleUnderFence) {
                return true;
            }
            state.old_fence_was_accepted = true;
        }
        let keeps_lease = self.rules.keep(Rule::DoubtKeepsLease);
        let lease_left = if keeps_lease { lease_left } else { 0 };
        let payout = match verdict {
            CallResult::Done { transfer } => {
                state.booking.paid = Some(transfer);
                Payout::Done
            }
            CallResult::Rejected => Payout::Rejected,
            CallResult::Free => Payout::Prepared,
            CallResult::Doubt => Payout::Sending { lease_left, since_first },
            CallResult::GivenUp => {
                let early = self.clock.memory - self.measured(since_first);
                Payout::Unknown { quiet_in: lease_left.max(early) }
            }
        };
        state.booking.set_payout(version, payout);
        true
    }
}
