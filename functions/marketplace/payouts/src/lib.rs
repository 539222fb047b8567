//! The job that pays professionals on payout days.
//!
//! - **Called by** the schedule, every ten minutes of the morning of a Tuesday and a Friday in
//!   `PAYOUT_TIME_ZONE`: EventBridge Scheduler directly, Vercel Cron or an operator over HTTP with the secret.
//! - **Reads** the due index: eight queries when nothing is due, however many bookings there are; then each
//!   due professional afresh, with bookings, debt, approval, and the account at Stripe.
//! - **Writes** one transaction for twenty bookings (their frozen transfers, their entries in the batch),
//!   two writes for each transfer (claim; outcome, books and batch), one row for the run.
//! - **Answers** the report of the run; on any other day that it is none. Without Stripe's key 503, as soon as
//!   somebody is due.
//! - **Twice, late, overlapping, killed:** a professional is claimed under a fence that only grows, and a
//!   plan under an older one is refused. A booking has one transfer for ever, named by the booking. The
//!   batch is that of the planned time, so that a late run is still the run of its day.

mod run;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::{Occurrence, Report};
use shared::http::{Answer, Failure};

/// The job, as its runs are remembered and logged.
const JOB: &str = "payouts";

/// How far apart the planned firings are.
const SLOT_MINUTES: i64 = 10;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/process-payouts";
    Routes::of("payouts").on(Method::GET, path, tick).on(Method::POST, path, tick).into_router(app)
}

async fn tick(State(app): State<SharedApp>, scheduler: Scheduler) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = Occurrence::of(JOB, scheduler.scheduled_at, slot, app.clock.now());
    app.check_in(&occurrence);
    match app.config.marketplace.calendar.batch_at(occurrence.scheduled_at) {
        Some(batch) => Ok(Answer::ok(run::run(&app, &occurrence, batch).await?)),
        None => Ok(Answer::ok(Report::skipped_run(&occurrence, "not_a_payout_day"))),
    }
}
