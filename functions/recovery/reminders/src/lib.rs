//! The job that reminds members on time, and finishes whatever was left unfinished.
//!
//! - **Called by** the schedule, every five minutes: EventBridge Scheduler directly, Vercel Cron or an
//!   operator over HTTP with the secret.
//! - **Reads** the due index: four queries when nothing is due, however many cases and companies there
//!   are; then each due row afresh.
//! - **Writes** one transaction per due case (the step, its actions with their frozen requests, the
//!   next look), two writes per message (claim, outcome), the same of bookings as `auto-decline`, so that
//!   those are declined on time and not on a day, one row for the run.
//! - **Answers** the report of the run.
//! - **Twice, late, overlapping, killed:** what is due is decided by rows, not by the call. A step is
//!   taken under the case's version, a message is claimed before it is sent, and a row left in the
//!   middle is found by the next tick. A late run sends the newest due step only.

mod case;
mod effect;
mod incentive;
mod late_push;
mod run;
mod settings;

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::Occurrence;
use shared::http::{Answer, Failure};
use shared::store::company::REMINDERS_JOB;
use shared::views::platform::job::JobReportView;

/// How far apart the planned firings are.
const SLOT_MINUTES: i64 = 5;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/scheduler/reminders";
    Routes::of("reminders").on(Method::GET, path, tick).on(Method::POST, path, tick).into_router(app)
}

async fn tick(State(app): State<SharedApp>, scheduler: Scheduler) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = Occurrence::of(REMINDERS_JOB, scheduler.scheduled_at, slot, app.clock.now());
    app.check_in(&occurrence);
    Ok(Answer::ok(JobReportView::from(run::run(&app, &occurrence).await?)))
}
