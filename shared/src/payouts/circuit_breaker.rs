//! When a run stops making calls.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// After so many calls that Stripe did not take it is not there for us. One may be a broken connection.
const MAX_NOT_SENT: u32 = 3;

/// What Stripe says to somebody who asks too often.
const RATE_LIMITED: [&str; 2] = ["rate_limit", "status_429"];

/// Open while a run may begin something new. The next tick takes up what is left, which is a longer pause
/// than Stripe ever asks for.
pub(super) struct CircuitBreaker {
    ends_at: Instant,
    not_sent: AtomicU32,
    is_shut: AtomicBool,
}

impl CircuitBreaker {
    pub(super) fn of(run_time: Duration) -> Self {
        Self {
            ends_at: Instant::now() + run_time,
            not_sent: AtomicU32::new(0),
            is_shut: AtomicBool::new(false),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        !self.is_shut.load(Ordering::Relaxed) && Instant::now() < self.ends_at
    }

    /// A call that Stripe did not take. Eight at a time stay far below its limit, so that a refusal for
    /// the number of calls means that others need them now.
    pub(super) fn note_not_sent(&self, reason: &str) {
        let not_sent = self.not_sent.fetch_add(1, Ordering::Relaxed) + 1;
        if not_sent >= MAX_NOT_SENT || RATE_LIMITED.contains(&reason) {
            self.is_shut.store(true, Ordering::Relaxed);
        }
    }
}
