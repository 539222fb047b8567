//! The job that declines bookings without an answer in time, and voids their payments.
//!
//! - **Called by** the schedule, once a day: EventBridge Scheduler directly, Vercel Cron or an operator over HTTP
//!   with the secret. The reminders job does the same every five minutes, so that bookings are declined on time;
//!   this run serves days with more bookings than those runs can process, and platforms whose schedule runs once
//!   a day only.
//! - **Reads** the switches, and the due index: four queries when nothing is due; then each due booking and each of
//!   its due effects again, and Stripe's pending events.
//! - **Writes** for a booking without an answer: the decision with the effect that voids the payment, the claim
//!   of that effect, its outcome with the mail, the mail's claim and its outcome. One row for the run.
//! - **Answers** the report of the run; `declined` counts the declined bookings.
//! - **Twice, late, overlapping, killed:** rows decide what is due, not the call. A decision is written with the
//!   version that was read, so an earlier answer stays; Stripe cancels a payment once, and an earlier capture
//!   stays too; the next run continues with an unfinished row.
//! - **Switched off:** bookings keep their status and stay due. What follows from an earlier decline is still done.

mod run;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{JobCall, Routes};
use shared::domain::platform::job::AUTO_DECLINE_JOB;
use shared::http::{Answer, Failure};
use shared::views::platform::job::JobReportView;

/// The interval of the schedule.
const SLOT_HOURS: i64 = 24;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/auto-decline-bookings";
    Routes::of("auto-decline").on(Method::GET, path, sweep).on(Method::POST, path, sweep).into_router(app)
}

async fn sweep(State(app): State<SharedApp>, call: JobCall) -> Result<Answer, Failure> {
    let slot = Duration::hours(SLOT_HOURS);
    let occurrence = call.occurrence(&app, AUTO_DECLINE_JOB, slot).await?;
    app.check_in(&occurrence);
    Ok(Answer::ok(JobReportView::from(run::run(&app, &occurrence).await?)))
}
