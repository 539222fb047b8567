//! One run: collect what is due of bookings, work it off, remember how it went.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shared::app::SharedApp;
use shared::domain::platform::job::{AUTO_DECLINE_JOB, Occurrence, Report};
use shared::due::{self, SweepLimits, Worked};
use shared::http::Failure;
use shared::store::due::{DueRow, SWEEP};
use shared::store::{Key, RowKind, Store};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// Bookings worked on at a time, whosesoever they are. Stripe takes 100 writes a second of the one
/// platform; a booking is one write among requests that take a fifth of a second together, so that
/// sixteen at a time make 80 a second.
const AT_ONCE: usize = 16;

/// A marketplace is one company, and may have thousands of bookings due at once.
const BOUNDS: SweepLimits = SweepLimits {
    // Ten thousand bookings and as many steps that wait: some megabytes of addresses.
    rows: 20_000,
    // At 80 a second ten thousand take about two minutes, half of the run.
    rows_per_company: 10_000,
    pages_per_shard: 40,
    // Enough for the queues of several marketplaces to take their turns at the sixteen places.
    companies_at_once: 8,
    rows_at_once: AT_ONCE,
    // A minute less than the function's limit of five, the most that Vercel gives: the rows that were
    // begun last may wait for a provider three times, ten seconds each.
    run_time: Duration::from_secs(240),
    // No queue has to leave earlier, because all of them have their turns at the same places.
    company_time: Duration::from_secs(240),
    // Stripe answers for the platform and not for one booking: what fails a whole round of places fails
    // the next one too, and is tried again with the next tick.
    company_failures: AT_ONCE as u32,
};

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = AUTO_DECLINE_JOB);
    async {
        let store = app.store()?;
        let found = due::collect_only(store, SWEEP, BOUNDS, app.clock.now(), is_ours).await?;
        let run = Run { app, store, places: Semaphore::new(AT_ONCE), declined: AtomicU64::new(0) };
        let report = due::process_queues(found, BOUNDS, |row| run.work_on(row)).await;
        let report = Report { declined: Some(run.declined.into_inner()), ..report };
        Ok(due::conclude(store, occurrence, report, app.clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// What bookings are waiting for: their own rows, their steps, and what Stripe said.
fn is_ours(key: &Key) -> bool {
    match key.kind() {
        RowKind::Booking | RowKind::BookingAction => true,
        RowKind::Event => key.event_id().is_some_and(|(source, _)| source == "stripe"),
        _ => false,
    }
}

/// What a run shares between its rows.
struct Run<'a> {
    app: &'a SharedApp,
    store: &'a Store,
    places: Semaphore,
    declined: AtomicU64,
}

impl Run<'_> {
    async fn work_on(&self, row: DueRow) -> Worked {
        // Nobody closes it: without a place there is nothing to do.
        let Ok(_place) = self.places.acquire().await else { return Worked::Skipped };
        if row.key.kind() == RowKind::Event {
            let applied = self.app.intake(self.store).work_on(&row, self.app.clock.now()).await;
            return applied.unwrap_or_else(|error| {
                tracing::error!(%error, "a waiting event could not be applied");
                Worked::Failed
            });
        }
        let ended = self.app.bookings(self.store).work_on(&row).await;
        self.declined.fetch_add(u64::from(ended.declined), Ordering::Relaxed);
        ended.worked
    }
}
