//! The state of one worker between two steps.

use crate::clock::Clock;

/// A worker. Between any two steps it may sleep for any time, or die.
///
/// `is_newest` says whether its fencing token is still the row's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Worker {
    /// It has nothing in mind.
    #[default]
    Idle,
    /// It has read the booking; next it looks up its transfers.
    Planning {
        /// The booking's version as read.
        version: u8,
    },
    /// Next it prepares the next version, or records the found transfer.
    Planned {
        /// The booking's version as read.
        version: u8,
        /// The version of the transfer it found.
        found: Option<u8>,
    },
    /// It has read a payout that is free and is about to claim it.
    Reading {
        version: u8,
        /// The time since the first claim, where the payout was left behind by another worker.
        abandoned_since: Option<u8>,
        /// Whether its fence is the row's.
        is_newest: bool,
    },
    /// It has claimed and is about to call.
    Holding {
        version: u8,
        /// Whether an earlier call may have happened.
        in_doubt: bool,
        /// The rest of its lease.
        lease_left: u8,
        /// Since the first claim.
        since_first: u8,
        /// Whether its fence is the row's.
        is_newest: bool,
    },
    /// Its call is in flight.
    Calling {
        version: u8,
        /// Whether an earlier call may have happened.
        in_doubt: bool,
        /// How long the call may still take.
        ticks_left: u8,
        /// The time since the first claim, as far as an empty look-up depends on it.
        since_first: u8,
        /// Whether its fence is the row's.
        is_newest: bool,
    },
    /// Next it looks up the booking's transfers.
    LookingUp {
        version: u8,
        /// The time since the first claim, as far as an empty look-up depends on it.
        since_first: u8,
        /// Whether its fence is the row's.
        is_newest: bool,
    },
    /// Next it records the outcome of the payout.
    Knowing {
        version: u8,
        /// The outcome that it records.
        verdict: CallResult,
        /// Whether its fence is the row's.
        is_newest: bool,
    },
    /// A person has looked up a payout in doubt; next they resolve it.
    Resolving {
        version: u8,
        /// The version of the transfer that was found.
        found: Option<u8>,
    },
}

/// The consequence of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallResult {
    Done {
        /// By the transfer of this version.
        transfer: u8,
    },
    /// It did not and will not.
    Rejected,
    /// Nothing was ever sent: as on the first day.
    Free,
    Doubt,
    /// Possibly sent, and tried often enough: a person has to resolve it.
    GivenUp,
}

impl CallResult {
    /// The decision after a look-up.
    pub(crate) fn found(found: Option<u8>) -> Self {
        found.map_or(Self::Rejected, |transfer| Self::Done { transfer })
    }
}

impl Worker {
    /// The worker finds out that another one has claimed the payout.
    pub(crate) fn notice_claim(&mut self, claimed: u8) {
        if let Self::Reading { version, is_newest, .. }
        | Self::Holding { version, is_newest, .. }
        | Self::Calling { version, is_newest, .. }
        | Self::LookingUp { version, is_newest, .. }
        | Self::Knowing { version, is_newest, .. } = self
            && *version == claimed
        {
            *is_newest = false;
        }
    }

    pub(crate) fn age(&mut self, clock: Clock) {
        match self {
            Self::Reading { abandoned_since: Some(since_first), .. } => {
                *since_first = clock.older(*since_first);
            }
            Self::Holding { lease_left, since_first, .. } => {
                *lease_left = lease_left.saturating_sub(1);
                *since_first = clock.older(*since_first);
            }
            Self::Calling { ticks_left, since_first, .. } => {
                *ticks_left -= 1;
                *since_first = clock.older(*since_first);
            }
            Self::LookingUp { since_first, .. } => *since_first = clock.older(*since_first),
            _ => {}
        }
    }
}
