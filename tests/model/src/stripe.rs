//! Stripe, as far as keys and transfers go, with the network before it.

use crate::clock::Clock;
use crate::{MAX_VERSIONS, World};

/// The maximum of concurrent calls without a waiting caller. A property shows that it is enough.
pub const MAX_ORPHANS: usize = 3;

/// Stripe's state, and the calls in flight whose callers have gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Stripe {
    keys: [Option<Key>; MAX_VERSIONS],
    made: [u8; MAX_VERSIONS],
    orphans: [Option<Call>; MAX_ORPHANS],
}

/// A request under a version's key that has not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Call {
    /// The version whose key it has.
    pub version: u8,
    /// How many ticks it may still take.
    pub ticks_left: u8,
}

/// The answer stored under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    answer: Answer,
    /// Since the call was sent that it was first used with: it may have begun at once.
    age: u8,
}

/// The result for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    Made,
    Refused,
    /// A 500 that is kept under the key: repeating brings it again.
    Broken,
    /// 429, or no connection: not executed.
    TurnedAway,
    /// 409: another call under the same key is being executed.
    Busy,
}

/// The ways in which a call ends at Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum End {
    /// Executed, with a transfer.
    Make,
    /// Executed and refused; the refusal is kept under the key.
    Refuse,
    /// Refused before execution, whatever is stored under the key, and not stored: validation, permissions.
    RefuseAtApi,
    /// Executed with a 500 that is kept, after the transfer was made.
    BreakAfter,
    /// The same before it was made.
    BreakBefore,
    /// The stored answer is replayed.
    Replay,
    /// Turned away by the rate limit.
    TurnAway,
    /// In conflict with another call under the key.
    Conflict,
}

impl Stripe {
    /// How many transfers a version has made.
    pub fn made(&self, version: u8) -> u8 {
        self.made[usize::from(version) - 1]
    }

    /// How many transfers the booking has had.
    pub fn transfers(&self) -> u8 {
        self.made.iter().sum()
    }

    /// The version of a transfer of the booking's group, if there is one.
    pub fn look_up(&self) -> Option<u8> {
        (1..).zip(self.made).find(|(_, made)| *made > 0).map(|(version, _)| version)
    }

    /// Whether a version's key is remembered.
    pub fn remembers(&self, version: u8) -> bool {
        self.keys[usize::from(version) - 1].is_some()
    }

    /// Whether a version's key is so old that it may be forgotten.
    pub(crate) fn may_forget(&self, version: u8, clock: Clock) -> bool {
        self.keys[usize::from(version) - 1].is_some_and(|key| key.age >= clock.memory)
    }

    pub(crate) fn forget(&mut self, version: u8) {
        self.keys[usize::from(version) - 1] = None;
    }

    /// The calls without a waiting caller.
    pub fn orphans(&self) -> impl Iterator<Item = Call> {
        self.orphans.into_iter().flatten()
    }

    /// Leaves a call to itself; `false` where there is no room for it.
    pub(crate) fn orphan(&mut self, call: Call) -> bool {
        let Some(place) = self.orphans.iter_mut().find(|place| place.is_none()) else { return false };
        *place = Some(call);
        self.orphans.sort_unstable();
        true
    }

    pub(crate) fn take_orphan(&mut self, place: usize) -> Option<Call> {
        self.orphans[place].take().inspect(|_| self.orphans.sort_unstable())
    }

    /// Every way in which a call under a version's key can end now; `crowded` means that another such call is
    /// in flight too.
    pub(crate) fn ends(&self, version: u8, crowded: bool, world: World) -> impl Iterator<Item = End> {
        let known = self.remembers(version);
        [
            (!known, End::Make),
            (known, End::Replay),
            (!known, End::Refuse),
            (!world.every_refusal_is_kept, End::RefuseAtApi),
            (!known, End::BreakAfter),
            (!known, End::BreakBefore),
            (true, End::TurnAway),
            (crowded, End::Conflict),
        ]
        .into_iter()
        .filter_map(|(possible, end)| possible.then_some(end))
    }

    /// Ends a call that was sent `age` ticks ago.
    pub(crate) fn end(&mut self, version: u8, age: u8, end: End) -> Answer {
        let place = usize::from(version) - 1;
        if matches!(end, End::Make | End::BreakAfter) {
            self.made[place] += 1;
        }
        let mut keep = |answer| self.keys[place].insert(Key { answer, age }).answer;
        match end {
            End::Make => keep(Answer::Made),
            End::Refuse => keep(Answer::Refused),
            End::BreakAfter | End::BreakBefore => keep(Answer::Broken),
            End::RefuseAtApi => Answer::Refused,
            End::Replay => self.keys[place].map_or(Answer::TurnedAway, |key| key.answer),
            End::TurnAway => Answer::TurnedAway,
            End::Conflict => Answer::Busy,
        }
    }

    pub(crate) fn age(&mut self, clock: Clock) {
        for key in self.keys.iter_mut().flatten() {
            key.age = clock.older(key.age);
        }
        for call in self.orphans.iter_mut().flatten() {
            call.ticks_left -= 1;
        }
        self.orphans.sort_unstable();
    }
}
