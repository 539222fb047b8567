//! One run: finish what was left, pay what is due, remember how it went.

use shared::app::SharedApp;
use shared::domain::action::Actor;
use shared::domain::job::{Occurrence, Report};
use shared::domain::payout::{BatchId, StartedBy};
use shared::domain::time;
use shared::http::Failure;
use shared::payouts::{Bounds, Order};
use shared::store::job::LastRun;
use tracing::Instrument as _;

use super::JOB;

/// Runs one occurrence of the job.
pub(crate) async fn run(app: &SharedApp, occurrence: &Occurrence, batch: BatchId) -> Result<Report, Failure> {
    let span = tracing::info_span!("run", cron = JOB);
    async {
        let store = app.store()?;
        let new_id = || app.ids.next();
        let payouts = app.payouts(store, &new_id).ok_or_else(|| Failure::Unavailable {
            detail: "This door is not configured.",
            reason: "STRIPE_SECRET_KEY is not set".to_owned(),
        })?;
        let bounds = Bounds::of_schedule();
        let left = payouts.finish(bounds).await?;
        let order = Order {
            batch,
            started_by: StartedBy::Schedule,
            actor: Actor::Schedule,
            due_by: app.clock.now(),
            company: None,
            bounds: bounds.after(left.duration_ms),
        };
        let paid = payouts.run(&order).await?.report;
        let report = Report {
            job: occurrence.job.clone(),
            occurrence: time::write(occurrence.scheduled_at),
            due: left.due + paid.due,
            done: left.done + paid.done,
            skipped: left.skipped + paid.skipped,
            failed: left.failed + paid.failed,
            in_doubt: left.in_doubt + paid.in_doubt,
            duration_ms: left.duration_ms + paid.duration_ms,
            more: left.more || paid.more,
        };
        let last = LastRun { ended_at: app.clock.now(), report: report.clone() };
        store.save_last_run(JOB, &last).await?;
        log(&report);
        Ok(report)
    }
    .instrument(span)
    .await
}

fn log(report: &Report) {
    tracing::info!(
        occurrence = report.occurrence,
        due = report.due,
        done = report.done,
        skipped = report.skipped,
        failed = report.failed,
        in_doubt = report.in_doubt,
        duration = report.duration_ms,
        more = report.more,
        metrics = "duration:Milliseconds,due:Count,done:Count,failed:Count,in_doubt:Count",
        "run finished"
    );
}
