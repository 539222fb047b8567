//! Limits the rate of a migration, so that the service has precedence.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Reading a row costs a fraction of writing one.
const READS_FOR_A_WRITE: u32 = 10;

/// A rate limit for rows.
pub(crate) struct RowRateLimit {
    pause: Duration,
    next: Instant,
}

impl RowRateLimit {
    /// At most this many rows are written per second, and ten times as many read.
    pub(crate) fn new(rows_per_second: u32) -> Self {
        Self { pause: Duration::from_secs(1) / rows_per_second.max(1), next: Instant::now() }
    }

    pub(crate) async fn wait_after_write(&mut self) {
        self.passed(self.pause).await;
    }

    pub(crate) async fn wait_after_reads(&mut self, rows: u32) {
        self.passed(self.pause * rows / READS_FOR_A_WRITE).await;
    }

    /// Waits for the rest of the pause. Unused time is not saved up.
    async fn passed(&mut self, pause: Duration) {
        self.next = self.next.max(Instant::now()) + pause;
        sleep_until(self.next).await;
    }
}
