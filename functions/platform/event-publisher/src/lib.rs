//! The job that publishes events about cases, bookings, payouts and payees to the event bus and to analytics.
//!
//! - **Called by** the schedule, every minute: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret.
//! - **Reads** the due index: four queries for each of the two sinks when nothing is pending; then the pending
//!   audit entries, several per request.
//! - **Writes** the mark that an entry was accepted, or the time of its next attempt; one row for the run.
//! - **Answers** the report of the run, with the age of the oldest pending entry; without sinks, that there is no
//!   bus.
//! - **Twice, late, overlapping, killed:** an entry is written together with its change and leaves the outbox
//!   only after the sink has accepted it. So every event is delivered at least once, always with the same id, in
//!   any order, and never for a change that did not happen. Analytics gets no events older than two days.

mod analytics;
mod batch;
mod run;
mod sinks;

use axum::Router;
use axum::extract::{Extension, State};
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{JobCall, Routes};
use shared::domain::platform::job::EVENT_PUBLISHER_JOB;
use shared::http::{Answer, Failure};
use shared::views::platform::job::{JobReportView, NotRun};
use sinks::Sinks;

/// The interval of the schedule.
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
    call: JobCall,
) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = call.occurrence(&app, EVENT_PUBLISHER_JOB, slot).await?;
    app.check_in(&occurrence);
    match sinks.are_configured() {
        true => Ok(Answer::ok(JobReportView::from(run::run(&app, &sinks, &occurrence).await?))),
        false => Ok(Answer::ok(JobReportView::not_run(&occurrence, NotRun::NoEventBus))),
    }
}
