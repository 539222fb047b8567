//! The job that lets customers' money go when nobody answers.
//!
//! - **Called by** the schedule, once a day: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret. The reminders' tick does the same every five minutes, so that a booking is
//!   declined on time; this run is there for a day with more of them than ticks can take, and for a
//!   deployment whose platform ticks but once a day.
//! - **Reads** the due index: four queries when nothing is due; then each due booking and each due step of
//!   one afresh, and Stripe's waiting events.
//! - **Writes** of a booking nobody answered: the decision with the step that frees the money, the claim of
//!   that step, its end with the mail, the mail's claim and its end. One row for the run.
//! - **Answers** the report of the run; `declined` counts the bookings whose money it let go.
//! - **Twice, late, overlapping, killed:** what is due is decided by rows, not by the call. A decision is
//!   written over the version that was read, so an answer that came first stays; Stripe cancels a payment
//!   once, and a capture that came first stays too; a row left in the middle is found by the next run.

mod run;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::{AUTO_DECLINE_JOB, Occurrence};
use shared::http::{Answer, Failure};
use shared::views::platform::job::JobReportView;

/// How far apart the planned firings are.
const SLOT_HOURS: i64 = 24;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/auto-decline-bookings";
    Routes::of("auto-decline").on(Method::GET, path, sweep).on(Method::POST, path, sweep).into_router(app)
}

async fn sweep(State(app): State<SharedApp>, scheduler: Scheduler) -> Result<Answer, Failure> {
    let slot = Duration::hours(SLOT_HOURS);
    let occurrence = Occurrence::of(AUTO_DECLINE_JOB, scheduler.scheduled_at, slot, app.clock.now());
    app.check_in(&occurrence);
    Ok(Answer::ok(JobReportView::from(run::run(&app, &occurrence).await?)))
}
