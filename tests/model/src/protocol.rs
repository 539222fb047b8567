//! The protocol as the checker sees it: the possible steps and their results.

use stateright::{Model, Property};

use crate::booking::Payout;
use crate::clock::Clock;
use crate::properties;
use crate::rules::Rules;
use crate::state::State;
use crate::stripe::{Call, End, MAX_ORPHANS};
use crate::worker::Worker;

/// The protocol with its bounds. Time and the number of claims, calls and crashes have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// How many workers there are, at most [`crate::MAX_WORKERS`]; each is batch, tick and operator.
    pub workers: usize,
    /// How often a payout may be prepared, at most [`crate::MAX_VERSIONS`].
    pub versions: u8,
    /// The durations of the protocol.
    pub clock: Clock,
    /// The safety rules of the protocol.
    pub rules: Rules,
    /// The faults that it must tolerate.
    pub world: World,
}

/// The faults that the protocol must tolerate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct World {
    /// The real maximum of a call, from the last reading of the clock until Stripe has executed it.
    /// [`Clock::call`] is the assumed one.
    pub call_ticks: u8,
    /// Whether every 4xx is kept under its key. Stripe does not keep those of its validation.
    pub every_refusal_is_kept: bool,
    /// Whether the table is restored once from a backup before the payout was decided. The operator first
    /// stops every worker and waits until no call is in flight.
    pub restores: bool,
}

impl World {
    /// As Stripe documents itself, with calls no longer than they are taken for.
    pub const DOCUMENTED: Self =
        Self { call_ticks: Clock::COARSE.call, every_refusal_is_kept: false, restores: false };
}

/// One step. Numbers of workers are their places in the state before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Tick,
    /// Stripe forgets the key of a version.
    Forget(u8),
    /// A call without a waiting caller ends; `None`: it is lost.
    EndOrphan(usize, Option<End>),
    /// A worker dies, or its run ends; its call may still arrive.
    Crash(usize, bool),
    /// A worker reads the booking.
    Plan(usize),
    /// It looks up the booking's transfers.
    LookBeforePreparing(usize),
    /// It writes the next version.
    Prepare(usize),
    /// A worker reads the payout of a version.
    Read(usize, u8),
    Claim(usize),
    /// It reads the clock and calls.
    Call(usize),
    /// It gets the result of the call.
    Answer(usize, End),
    /// It waits no longer; the call may arrive all the same.
    TimeOut(usize, bool),
    /// It looks up the booking's transfers.
    LookUp(usize),
    /// It will not try again.
    GiveUp(usize),
    /// It records the outcome of the payout.
    Settle(usize),
    /// A person looks up a payout in doubt.
    LookByHand(usize, u8),
    Resolve(usize),
    /// The table is restored from a backup without the payout.
    Restore,
}

impl Protocol {
    /// The protocol with all its rules, in the world as it is documented.
    pub const WHOLE: Self = Self {
        workers: 2,
        versions: 2,
        clock: Clock::COARSE,
        rules: Rules::BOTH_LINES,
        world: World::DOCUMENTED,
    };

    fn actions_of_stripe(&self, state: &State, actions: &mut Vec<Action>) {
        actions.extend(
            (1..=self.versions).filter(|v| state.stripe.may_forget(*v, self.clock)).map(Action::Forget),
        );
        let first = MAX_ORPHANS - state.stripe.orphans().count();
        for (place, call) in (first..).zip(state.stripe.orphans()) {
            // A call that ends without a trace at Stripe cannot be distinguished from a lost one.
            let ends = state.stripe.ends(call.version, false, self.world);
            let marks = |end: &End| !matches!(end, End::Replay | End::RefuseAtApi | End::TurnAway);
            actions.extend(ends.filter(marks).map(|end| Action::EndOrphan(place, Some(end))));
            actions.push(Action::EndOrphan(place, None));
        }
    }

    fn actions_of_worker(&self, state: &State, place: usize, actions: &mut Vec<Action>) {
        let is_calling = matches!(state.workers[place], Worker::Calling { .. });
        match state.workers[place] {
            Worker::Idle => {
                actions.push(Action::Plan(place));
                for version in 1..=state.booking.version {
                    let is_unknown = matches!(state.booking.payout(version), Payout::Unknown { .. });
                    let step = if is_unknown { Action::LookByHand } else { Action::Read };
                    actions.push(step(place, version));
                }
                return;
            }
            Worker::Planning { .. } => actions.push(Action::LookBeforePreparing(place)),
            Worker::Planned { .. } => actions.push(Action::Prepare(place)),
            Worker::Reading { .. } => actions.push(Action::Claim(place)),
            Worker::Holding { .. } => actions.push(Action::Call(place)),
            Worker::Calling { version, .. } => {
                let ends = state.stripe.ends(version, state.is_crowded(version), self.world);
                actions.extend(ends.map(|end| Action::Answer(place, end)));
                actions.extend([Action::TimeOut(place, false), Action::TimeOut(place, true)]);
            }
            Worker::LookingUp { .. } => actions.push(Action::LookUp(place)),
            Worker::Knowing { .. } => actions.extend([Action::Settle(place), Action::GiveUp(place)]),
            Worker::Resolving { .. } => actions.push(Action::Resolve(place)),
        }
        actions.push(Action::Crash(place, false));
        if is_calling {
            actions.push(Action::Crash(place, true));
        }
    }

    /// Does a step; `false` where it is not possible.
    pub(crate) fn step(&self, state: &mut State, action: Action) -> bool {
        let done = match action {
            Action::Tick => state.tick(self.clock),
            Action::Forget(version) => {
                state.stripe.forget(version);
                true
            }
            Action::EndOrphan(place, end) => {
                let call = state.stripe.take_orphan(place);
                if let (Some(call), Some(end)) = (call, end) {
                    state.stripe.end(call.version, self.world.call_ticks - call.ticks_left, end);
                }
                true
            }
            Action::Crash(place, arrives) => crash(state, place, arrives),
            Action::Plan(place) => self.plan(state, place),
            Action::LookBeforePreparing(place) => self.look_before_preparing(state, place),
            Action::Prepare(place) => self.prepare(state, place),
            Action::Read(place, version) => self.read(state, place, version),
            Action::Claim(place) => self.claim(state, place),
            Action::Call(place) => self.call(state, place),
            Action::Answer(place, end) => self.answer(state, place, end),
            Action::TimeOut(place, arrives) => self.time_out(state, place, arrives),
            Action::LookUp(place) => self.look_up(state, place),
            Action::GiveUp(place) => self.abandon(state, place),
            Action::Settle(place) => self.settle(state, place),
            Action::LookByHand(place, version) => self.look_by_hand(state, place, version),
            Action::Resolve(place) => self.resolve(state, place),
            Action::Restore => state.restore(),
        };
        state.workers[..self.workers].sort_unstable();
        done
    }
}

fn crash(state: &mut State, place: usize, arrives: bool) -> bool {
    let worker = std::mem::take(&mut state.workers[place]);
    match worker {
        Worker::Calling { version, ticks_left, .. } if arrives => {
            state.stripe.orphan(Call { version, ticks_left })
        }
        _ => true,
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        // Paid twice is the worst that can be known; nothing that follows makes it clearer.
        if state.stripe.transfers() > 1 {
            return;
        }
        actions.push(Action::Tick);
        if self.world.restores && !state.is_restored {
            actions.push(Action::Restore);
        }
        self.actions_of_stripe(state, actions);
        for place in 0..self.workers {
            // Two workers with the same in mind have the same ahead of them.
            if place == 0 || state.workers[place] != state.workers[place - 1] {
                self.actions_of_worker(state, place, actions);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        self.step(&mut state, action).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
