//! Everything at one moment.

use crate::MAX_WORKERS;
use crate::booking::Booking;
use crate::clock::Clock;
use crate::stripe::{Call, Stripe};
use crate::worker::Worker;

/// Everything at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct State {
    pub booking: Booking,
    /// Stripe and the network before it.
    pub stripe: Stripe,
    /// The workers; in order, because it does not matter which of them is which.
    pub workers: [Worker; MAX_WORKERS],
    /// Whether the table has ever accepted a settlement under an old fence.
    pub old_fence_was_accepted: bool,
    /// Whether the table has been restored.
    pub is_restored: bool,
}

impl State {
    /// Whether no worker is in the middle of a step.
    pub fn is_at_rest(&self) -> bool {
        self.workers.iter().all(|worker| *worker == Worker::Idle)
    }

    /// The table loses the payout; Stripe does not. All workers were stopped before.
    pub(crate) fn restore(&mut self) -> bool {
        if !self.is_at_rest() || self.stripe.orphans().next().is_some() {
            return false;
        }
        self.booking = Booking::default();
        self.is_restored = true;
        true
    }

    /// The calls in flight, including those without a waiting caller.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call> {
        let awaited = self.workers.iter().filter_map(|worker| match *worker {
            Worker::Calling { version, ticks_left, .. } => Some(Call { version, ticks_left }),
            _ => None,
        });
        awaited.chain(self.stripe.orphans())
    }

    /// Whether another call under a version's key is in flight.
    pub(crate) fn is_crowded(&self, version: u8) -> bool {
        self.calls().filter(|call| call.version == version).count() > 1
    }

    /// One tick passes, unless a call has to come to its end before.
    pub(crate) fn tick(&mut self, clock: Clock) -> bool {
        if self.calls().any(|call| call.ticks_left == 0) {
            return false;
        }
        self.booking.age(clock);
        self.stripe.age(clock);
        self.workers.iter_mut().for_each(|worker| worker.age(clock));
        true
    }

    /// The claim of one worker makes every other fence in mind an old one.
    pub(crate) fn spread_claim(&mut self, claimer: usize, version: u8) {
        for (place, worker) in self.workers.iter_mut().enumerate() {
            if place != claimer {
                worker.notice_claim(version);
            }
        }
    }
}
