//! The job that tells what happened to cases, bookings, payouts and payees: the event bus, and analytics.
//!
//! - **Called by** the schedule, every minute: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret.
//! - **Reads** the due index: four queries for each of the two when nothing waits; then the audit entries that
//!   wait, several in one request, afresh.
//! - **Writes** nothing but that an entry was taken, or that it waits for longer; one row for the run.
//! - **Answers** the report of the run, with how long the oldest has waited; where nobody listens, that there is
//!   no bus.
//! - **Twice, late, overlapping, killed:** an entry was written with the change it tells of and leaves the
//!   queue only after whoever listens took it. So it is told at least once, always under the same id, and in
//!   any order; what was told twice is told of nothing that did not happen. Analytics is told what is not two
//!   days old.

mod analytics;
mod batch;
mod run;
mod sinks;

use axum::Router;
use axum::extract::{Extension, State};
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::{EVENT_PUBLISHER_JOB, Occurrence, Report};
use shared::http::{Answer, Failure};
use sinks::Sinks;

/// How far apart the planned firings are.
const SLOT_MINUTES: i64 = 1;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/publish-events";
    let sinks = Sinks::of(&app);
    let routes = Routes::of("event-publisher").on(Method::GET, path, publish).on(Method::POST, path, publish);
    routes.into_router(app).layer(Extension(sinks))
}

async fn publish(
    State(app): State<SharedApp>,
    Extension(sinks): Extension<Sinks>,
    scheduler: Scheduler,
) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = Occurrence::of(EVENT_PUBLISHER_JOB, scheduler.scheduled_at, slot, app.clock.now());
    app.check_in(&occurrence);
    match sinks.are_there() {
        true => Ok(Answer::ok(run::run(&app, &sinks, &occurrence).await?)),
        false => Ok(Answer::ok(Report::skipped_run(&occurrence, "no_event_bus"))),
    }
}
