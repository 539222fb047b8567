//! The job that pays professionals on payout days.
//!
//! - **Called by** the schedule, every ten minutes of the morning of a Tuesday and a Friday in
//!   `PAYOUT_TIME_ZONE`: EventBridge Scheduler directly, Vercel Cron or an operator over HTTP with the secret.
//! - **Reads** the switches, and the due index: eight queries when nothing is due, however many bookings there are;
//!   then each due professional with bookings, debt, approval, and the account at Stripe.
//! - **Writes** one transaction per twenty bookings (their stored transfer requests, their entries in the batch),
//!   two writes per transfer (claim; outcome with ledger and batch), one row for the run.
//! - **Answers** the report of the run; on other days that it is no payout day. 503 without Stripe's key if a
//!   professional is due.
//! - **Twice, late, overlapping, killed:** a professional is claimed with an increasing fencing token, and a plan
//!   with an older one is refused. A booking has one transfer for ever, identified by the booking. The batch is
//!   that of the planned time, so a late run still belongs to its day, and pays those who were due on it.
//! - **Switched off:** nothing is transferred and everything stays due; the run says so.

mod run;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{JobCall, Routes};
use shared::domain::platform::job::{NotRun, PAYOUTS_JOB, Report};
use shared::http::{Answer, Failure};
use shared::payouts::RunLimits;
use shared::views::platform::job::JobReportView;

/// The interval of the schedule.
const SLOT_MINUTES: i64 = 10;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/process-payouts";
    Routes::of("payouts").on(Method::GET, path, tick).on(Method::POST, path, tick).into_router(app)
}

async fn tick(State(app): State<SharedApp>, call: JobCall) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrences = call.occurrences(&app, PAYOUTS_JOB, slot).await?;
    if let Some(newest) = occurrences.last() {
        app.check_in(newest);
    }
    let mut limits = RunLimits::of_schedule();
    let mut reports = Vec::new();
    for occurrence in &occurrences {
        let report = match app.config.marketplace.calendar.batch_at(occurrence.scheduled_at) {
            Some(batch) => run::run(&app, occurrence, batch, limits).await?,
            None => Report::not_run(occurrence, NotRun::NotAPayoutDay),
        };
        // All days of a window share the time of one run.
        limits = limits.after(report.duration_ms);
        reports.push(report);
    }
    Ok(Answer::ok(JobReportView::of_runs(reports)))
}
