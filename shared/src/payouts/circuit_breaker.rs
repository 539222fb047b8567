//! Stops a run from making calls when its time is over or Stripe is unavailable.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// After this many unsent calls Stripe counts as unavailable. A single one may be a broken connection.
const MAX_NOT_SENT: u32 = 3;

/// The reasons of a call that Stripe refused because of its rate limit.
const RATE_LIMITED: [&str; 2] = ["rate_limit", "status_429"];

/// Allows calls until the run's time is over or Stripe is unavailable. The next tick continues the work, which is
/// a longer pause than Stripe ever asks for.
pub(super) struct CircuitBreaker {
    ends_at: Instant,
    not_sent: AtomicU32,
    /// The reason of the call that tripped it.
    tripped_by: OnceLock<String>,
}

impl CircuitBreaker {
    pub(super) fn of(run_time: Duration) -> Self {
        Self { ends_at: Instant::now() + run_time, not_sent: AtomicU32::new(0), tripped_by: OnceLock::new() }
    }

    pub(super) fn allows_calls(&self) -> bool {
        self.tripped_by.get().is_none() && Instant::now() < self.ends_at
    }

    /// Counts a call that Stripe did not accept. Our concurrency is far below Stripe's rate limit, so a refusal
    /// for that reason means that other clients of the account use up the limit.
    pub(super) fn record_not_sent(&self, reason: &str) {
        let not_sent = self.not_sent.fetch_add(1, Ordering::Relaxed) + 1;
        if not_sent >= MAX_NOT_SENT || RATE_LIMITED.contains(&reason) {
            let _first_wins = self.tripped_by.set(reason.to_owned());
        }
    }

    /// Why Stripe counts as unavailable; `None` while it does not.
    pub(super) fn tripped_by(&self) -> Option<&str> {
        self.tripped_by.get().map(String::as_str)
    }
}
