//! One run: collects due rows, processes them and records the run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use shared::app::SharedApp;
use shared::domain::platform::job::{Occurrence, REMINDERS_JOB, Report};
use shared::domain::platform::objective::{Kept, Objective};
use shared::due::{self, RowOutcome, Selection, SweepLimits};
use shared::gauges;
use shared::http::Failure;
use shared::recovery::RecoverySweep;
use shared::store::due::{DueRow, SWEEP};
use shared::store::{RowKind, Store, StoreError};
use shared::{jobs, objectives};
use tracing::Instrument as _;

/// The state that a run shares between its rows.
struct Run<'a> {
    app: &'a SharedApp,
    store: &'a Store,
    recovery: RecoverySweep<'a>,
    declined: AtomicU64,
    /// How many bookings were declined in time.
    declines: Mutex<Kept>,
}

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, occurrence: &Occurrence) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = REMINDERS_JOB);
    async {
        let store = app.store()?;
        let switched_off = app.switches.refresh(store, app.clock.now()).await?;
        let limits = SweepLimits::default();
        let selection = Selection { wanted: |_| true, switched_off: &switched_off };
        let found = due::collect_selected(store, SWEEP, limits, app.clock.now(), selection).await?;
        let recovery = RecoverySweep::new(app.recovery(store));
        let run = Run { app, store, recovery, declined: AtomicU64::new(0), declines: Mutex::default() };
        let report = due::process_queues(found, limits, |row| run.work_on(row)).await;
        run.recovery.finish().await;
        let mut kept = run.recovery.kept();
        kept.insert(
            Objective::DeclinesWithinTenMinutes,
            *run.declines.lock().unwrap_or_else(PoisonError::into_inner),
        );
        objectives::save(store, &kept, app.clock.now()).await;
        let report = Report { declined: Some(run.declined.into_inner()), ..report };
        let report = due::conclude(store, occurrence, report, app.clock.now()).await?;
        // The run itself is over; without these lines the alarms keep their state.
        let now = app.clock.now();
        match store.job_states().await {
            Ok(states) => {
                jobs::log_states(&states, app.job_expectations(), now);
                gauges::log(store, &app.config.marketplace.calendar, (&report, &states), now).await;
            }
            Err(error) => tracing::warn!(%error, "the state of the jobs could not be read"),
        }
        Ok(report)
    }
    .instrument(span)
    .await
}

impl Run<'_> {
    async fn work_on(&self, row: DueRow) -> RowOutcome {
        let company = row.key.company();
        let result = match (row.key.kind(), &company) {
            (RowKind::Event, _) => self.app.intake(self.store).work_on(&row, self.app.clock.now()).await,
            // Without a Stripe key nobody can be paid; the batch stays in the list of what waits.
            (RowKind::Batch, _) => match self.app.payouts(self.store) {
                Some(payouts) => payouts.continue_batch(&row).await,
                None => Ok(RowOutcome::Skipped),
            },
            (RowKind::Booking | RowKind::BookingAction, _) => Ok(self.work_on_booking(&row).await),
            (RowKind::Case | RowKind::Action | RowKind::Settings, Some(company)) => {
                self.recovery.work_on(company, &row).await
            }
            _ => Ok(RowOutcome::Skipped),
        };
        match result {
            Ok(worked) => worked,
            // Another process changed the row; the next run sees the new state.
            Err(StoreError::Conflict { .. }) => RowOutcome::Skipped,
            Err(error) => {
                tracing::error!(row = %row.key, %error, "a due row could not be processed");
                RowOutcome::Failed
            }
        }
    }

    /// Bookings depend on no recovery settings, and a pause of the company's reminders does not affect them.
    async fn work_on_booking(&self, row: &DueRow) -> RowOutcome {
        let ended = self.app.bookings(self.store).work_on(row).await;
        self.declined.fetch_add(u64::from(ended.declined), Ordering::Relaxed);
        let mut declines = self.declines.lock().unwrap_or_else(PoisonError::into_inner);
        *declines = declines.plus(ended.kept.unwrap_or_default());
        drop(declines);
        ended.worked
    }
}
