//! How fast a migration goes: the service comes first.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Reading a row costs the table a fraction of writing one.
const READS_FOR_A_WRITE: u32 = 10;

/// Lets no more rows through than it may.
pub(crate) struct Pace {
    pause: Duration,
    next: Instant,
}

impl Pace {
    /// So many rows are written each second at most, and ten times as many read.
    pub(crate) fn new(rows_per_second: u32) -> Self {
        Self { pause: Duration::from_secs(1) / rows_per_second.max(1), next: Instant::now() }
    }

    /// After a row was written.
    pub(crate) async fn wrote(&mut self) {
        self.passed(self.pause).await;
    }

    /// After rows were read.
    pub(crate) async fn read(&mut self, rows: u32) {
        self.passed(self.pause * rows / READS_FOR_A_WRITE).await;
    }

    /// Time that was not used is not saved up.
    async fn passed(&mut self, pause: Duration) {
        self.next = self.next.max(Instant::now()) + pause;
        sleep_until(self.next).await;
    }
}
