//! The two kinds of rows: a booking, and a payout of it per version.

use crate::MAX_VERSIONS;
use crate::clock::Clock;

/// A booking's row with the rows of its payouts. Whether one is in progress is written in the same
/// transactions as the payout's state, so it is read off that state here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Booking {
    /// How many payouts were prepared; the newest has this number.
    pub version: u8,
    /// The version whose transfer paid the booking, according to its row.
    pub paid: Option<u8>,
    payouts: [Payout; MAX_VERSIONS],
}

/// The row of one payout. Its fencing token is not a number here: every holder knows whether its own is the
/// newest, which is all that a condition checks, so the number of claims is unlimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Payout {
    #[default]
    Absent,
    Prepared,
    /// Claimed; the call may be in flight.
    Sending {
        /// Ticks until another worker may take it over.
        lease_left: u8,
        /// Ticks since the first claim, which is before the first call.
        since_first: u8,
    },
    Done,
    /// It did not and will not.
    Rejected,
    /// In doubt; a person has to resolve it.
    Unknown {
        /// Ticks until no call of it can be in flight.
        quiet_in: u8,
    },
}

impl Booking {
    /// The payout of a version from 1 on.
    pub fn payout(&self, version: u8) -> Payout {
        self.payouts[usize::from(version) - 1]
    }

    pub(crate) fn set_payout(&mut self, version: u8, payout: Payout) {
        self.payouts[usize::from(version) - 1] = payout;
    }

    /// The payouts with their versions.
    pub fn payouts(&self) -> impl Iterator<Item = (u8, Payout)> {
        (1..).zip(self.payouts)
    }

    pub(crate) fn age(&mut self, clock: Clock) {
        for payout in &mut self.payouts {
            match payout {
                Payout::Sending { lease_left, since_first } => {
                    *lease_left = lease_left.saturating_sub(1);
                    *since_first = clock.older(*since_first);
                }
                Payout::Unknown { quiet_in } => *quiet_in = quiet_in.saturating_sub(1),
                _ => {}
            }
        }
    }
}
