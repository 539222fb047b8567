//! The job that tells the event bus what happened: to cases, bookings, payouts and payees.
//!
//! - **Called by** the schedule, every minute: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret.
//! - **Reads** the due index: four queries when nothing waits; then the audit entries that wait, ten in one
//!   request, afresh.
//! - **Writes** nothing but that an entry was taken, or that it waits for longer; one row for the run.
//! - **Answers** the report of the run, with how long the oldest has waited; without a bus, that there is none.
//! - **Twice, late, overlapping, killed:** an entry was written with the change it tells of and leaves the
//!   queue only after the bus took it. So it is told at least once, always under the same id, and in any
//!   order; what was told twice is told of nothing that did not happen.

mod parcel;
mod run;

use axum::Router;
use axum::extract::{Extension, State};
use chrono::Duration;
use http::Method;
use shared::app::{App, SharedApp};
use shared::auth::{Routes, Scheduler};
use shared::aws::bus::Bus;
use shared::domain::job::{EVENTS_JOB, Occurrence, Report};
use shared::http::{Answer, Failure};

/// How far apart the planned firings are.
const SLOT_MINUTES: i64 = 1;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/publish-events";
    let bus = bus(&app);
    let routes = Routes::of("events").on(Method::GET, path, publish).on(Method::POST, path, publish);
    routes.guard(app).layer(Extension(bus))
}

/// The bus, where the deployment has one.
fn bus(app: &App) -> Option<Bus> {
    let config = &app.config;
    let (name, aws) = config.event_bus.as_deref().zip(config.aws.as_ref())?;
    Some(Bus::new(aws, &app.http, config.event_bus_endpoint.as_deref(), name))
}

async fn publish(
    State(app): State<SharedApp>,
    Extension(bus): Extension<Option<Bus>>,
    scheduler: Scheduler,
) -> Result<Answer, Failure> {
    let slot = Duration::minutes(SLOT_MINUTES);
    let occurrence = Occurrence::of(EVENTS_JOB, scheduler.scheduled_at, slot, app.clock.now());
    match bus {
        Some(bus) => Ok(Answer::ok(run::run(&app, &bus, &occurrence).await?)),
        None => Ok(Answer::ok(Report::passed_over(&occurrence, "no_event_bus"))),
    }
}
