//! One run: collects due rows of bookings, processes them and records the run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use shared::app::SharedApp;
use shared::domain::platform::job::{AUTO_DECLINE_JOB, Occurrence, Report};
use shared::domain::platform::objective::{Kept, Objective};
use shared::due::{self, RowOutcome, Selection, SweepLimits};
use shared::http::Failure;
use shared::objectives;
use shared::store::due::{DueRow, SWEEP};
use shared::store::{Key, RowKind, Store};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

/// Bookings processed concurrently, for all companies together. Stripe accepts 100 writes per second for the
/// platform; a booking is one write among requests that together take a fifth of a second, so sixteen make 80
/// writes per second.
const AT_ONCE: usize = 16;

/// A marketplace is one company, and may have thousands of bookings due at once.
const LIMITS: SweepLimits = SweepLimits {
    // Ten thousand bookings and as many waiting effects: a few megabytes of keys.
    rows: 20_000,
    // At 80 a second ten thousand take about two minutes, half of the run.
    rows_per_company: 10_000,
    pages_per_shard: 40,
    // Enough for the queues of several marketplaces to alternate at the sixteen slots.
    companies_at_once: 8,
    rows_at_once: AT_ONCE,
    // A minute less than the function's limit of five, the most that Vercel allows: the last rows may wait three
    // times for a provider, ten seconds each.
    run_time: Duration::from_secs(240),
    // No queue needs a shorter time, because all of them share the same slots.
    company_time: Duration::from_secs(240),
    // Stripe fails for the platform and not for one booking: if a full round of slots fails, the next would fail
    // too, so the rest is left to the next run.
    company_failures: AT_ONCE as u32,
};

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = AUTO_DECLINE_JOB);
    async {
        let store = app.store()?;
        let switched_off = app.switches.refresh(store, app.clock.now()).await?;
        let selection = Selection { wanted: is_ours, switched_off: &switched_off };
        let found = due::collect_selected(store, SWEEP, LIMITS, app.clock.now(), selection).await?;
        let run = Run {
            app,
            store,
            permits: Semaphore::new(AT_ONCE),
            declined: AtomicU64::new(0),
            declines: Mutex::default(),
        };
        let report = due::process_queues(found, LIMITS, |row| run.work_on(row)).await;
        let declines = run.declines.into_inner().unwrap_or_else(PoisonError::into_inner);
        let kept = [(Objective::DeclinesWithinTenMinutes, declines)].into();
        objectives::save(store, &kept, app.clock.now()).await;
        let report = Report { declined: Some(run.declined.into_inner()), ..report };
        Ok(due::conclude(store, occurrence, report, app.clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// Rows of bookings: the bookings themselves, their effects, and Stripe's events.
fn is_ours(key: &Key) -> bool {
    match key.kind() {
        RowKind::Booking | RowKind::BookingAction => true,
        RowKind::Event => key.event_id().is_some_and(|(source, _)| source == "stripe"),
        _ => false,
    }
}

struct Run<'a> {
    app: &'a SharedApp,
    store: &'a Store,
    permits: Semaphore,
    declined: AtomicU64,
    /// How many bookings were declined in time.
    declines: Mutex<Kept>,
}

impl Run<'_> {
    async fn work_on(&self, row: DueRow) -> RowOutcome {
        // The semaphore is never closed; without a permit there is nothing to do.
        let Ok(_permit) = self.permits.acquire().await else { return RowOutcome::Skipped };
        if row.key.kind() == RowKind::Event {
            let applied = self.app.intake(self.store).work_on(&row, self.app.clock.now()).await;
            return applied.unwrap_or_else(|error| {
                tracing::error!(row = %row.key, %error, "a pending event could not be applied");
                RowOutcome::Failed
            });
        }
        let ended = self.app.bookings(self.store).work_on(&row).await;
        self.declined.fetch_add(u64::from(ended.declined), Ordering::Relaxed);
        let mut declines = self.declines.lock().unwrap_or_else(PoisonError::into_inner);
        *declines = declines.plus(ended.kept.unwrap_or_default());
        drop(declines);
        ended.worked
    }
}
