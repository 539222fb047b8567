//! The general sweep: reminds members on time, and continues all unfinished work of cases, bookings and events.
//!
//! - **Called by** the schedule, every five minutes: EventBridge Scheduler directly, Vercel Cron or an
//!   operator over HTTP with the secret.
//! - **Reads** the switches and the due index: four queries when nothing is due, however many cases and companies there are; then
//!   each due row again. At its end the lists of what waits, the newest runs of
//!   all jobs and the number of open findings, for the alarms: eleven reads.
//! - **Writes** one transaction per due case (the step, its actions with their stored requests, the next due
//!   time), two writes per message (claim, outcome), the same for bookings as `auto-decline`, so that they are
//!   declined on time and not once a day, one row for the run.
//! - **Answers** the report of the run, and logs gauges of what waits, from which alarms are raised.
//! - **Twice, late, overlapping, killed:** rows decide what is due, not the call. A step is taken with the case's
//!   version, a message is claimed before it is sent, and the next run continues with an unfinished row. A late
//!   run sends the newest due step only.
//! - **Switched off:** what a switch holds back stays due, is counted as skipped, and nothing else waits for it.

mod run;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{JobCall, Routes};
use shared::domain::platform::job::REMINDERS_JOB;
use shared::http::{Answer, Failure};
use shared::views::platform::job::JobReportView;

/// The interval of the schedule.
const SLOT_MINUTES: i64 = 5;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/scheduler/reminders";
    Routes::of("reminders").on(Method::GET, path, tick).on(Method::POST, path, tick).into_router(app)
}

async fn tick(State(app): State<SharedApp>, call: JobCall) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = call.occurrence(&app, REMINDERS_JOB, slot).await?;
    app.check_in(&occurrence);
    Ok(Answer::ok(JobReportView::from(run::run(&app, &occurrence).await?)))
}
