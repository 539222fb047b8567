//! One run: finishes earlier transfers, pays what is due, and records the run.

use shared::app::SharedApp;
use shared::domain::marketplace::payout::BatchId;
use shared::domain::platform::job::{NotRun, Occurrence, PAYOUTS_JOB, Report};
use shared::domain::platform::switch::SwitchName;
use shared::due;
use shared::http::Failure;
use shared::payouts::{self, PayoutRequest, RunLimits};
use tracing::Instrument as _;

/// Runs one occurrence of the job.
pub(crate) async fn run(
    app: &SharedApp,
    occurrence: &Occurrence,
    batch: BatchId,
    limits: RunLimits,
) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = PAYOUTS_JOB);
    async {
        let store = app.store()?;
        let switched_off = app.switches.refresh(store, app.clock.now()).await?;
        if switched_off.is_off_everywhere(SwitchName::Payouts) {
            let report = Report::not_run(occurrence, NotRun::SwitchedOff);
            return Ok(due::conclude(store, occurrence, report, app.clock.now()).await?);
        }
        let Some(payouts) = app.payouts(store) else { return without_stripe(app, occurrence).await };
        let left = payouts.finish(limits).await?;
        let limits = limits.after(left.duration_ms);
        let request = PayoutRequest::of_schedule(batch, &payouts.calendar, app.clock.now(), limits);
        let paid = payouts.run(&request).await?.report;
        let report = Report {
            due: left.due + paid.due,
            done: left.done + paid.done,
            skipped: left.skipped + paid.skipped,
            switched_off: left.switched_off + paid.switched_off,
            failed: left.failed + paid.failed,
            in_doubt: left.in_doubt + paid.in_doubt,
            duration_ms: left.duration_ms + paid.duration_ms,
            more: left.more || paid.more,
            ..Report::default()
        };
        Ok(due::conclude(store, occurrence, report, app.clock.now()).await?)
    }
    .instrument(span)
    .await
}

/// Without due payees the Stripe key is optional; with due payees a missing key is an error.
async fn without_stripe(app: &SharedApp, occurrence: &Occurrence) -> Result<Report, Failure> {
    let (store, now) = (app.store()?, app.clock.now());
    if payouts::has_pending_work(store, now).await? {
        return Err(Failure::STRIPE_NOT_CONFIGURED);
    }
    Ok(due::conclude(store, occurrence, Report::default(), now).await?)
}
