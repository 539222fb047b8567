//! Health checks, and the API document.
//!
//! - **Called by** anybody, such as an uptime monitor; the deep check by an operator.
//! - **Reads** nothing, or the version of the data, or the last run of each job, one row each.
//! - **Writes** nothing.
//! - **Answers** 200 or 503 with what is wrong: names and times, never a secret.
//! - **Twice:** the same answer.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value, json};
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::kernel::time;
use shared::domain::platform::job::{JOBS, Job};
use shared::http::query::Parameters;
use shared::http::{Answer, Failure};
use shared::store::platform::job::LastRun;
use shared::store::version::DATA_VERSION;
use std::time::Instant;

/// The document that describes every route.
pub const OPENAPI: &str = include_str!("openapi.json");

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("health")
        .on(Method::GET, "/api/health", check)
        .on(Method::GET, "/api/health/deep", check_all)
        .on(Method::GET, "/api/openapi.json", openapi)
        .into_router(app)
}

/// The result of one check.
struct Check {
    well: bool,
    detail: Value,
}

async fn check(State(app): State<SharedApp>, parameters: Parameters) -> Result<Response, Failure> {
    let parameters = parameters.only(&["type"])?;
    let kind = parameters.get("type").unwrap_or("application").to_owned();
    let checked = match kind.as_str() {
        "application" => application(&app),
        "database" => database(&app).await,
        "webhooks" => webhooks(&app),
        "crons" => crons(&app).await,
        _ => return Err(Failure::field("type", "expected application, database, webhooks or crons")),
    };
    Ok(answer(&app, [(kind, checked)]))
}

async fn check_all(State(app): State<SharedApp>, _operator: Scheduler) -> Response {
    let (database, crons) = (database(&app).await, crons(&app).await);
    let named = |name: &str, check| (name.to_owned(), check);
    let checks = [
        named("application", application(&app)),
        named("database", database),
        named("webhooks", webhooks(&app)),
        named("crons", crons),
    ];
    answer(&app, checks)
}

async fn openapi() -> Response {
    let mut response = OPENAPI.into_response();
    let json = HeaderValue::from_static("application/openapi+json;version=3.1");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn answer<const N: usize>(app: &SharedApp, checks: [(String, Check); N]) -> Response {
    let well = checks.iter().all(|(_, check)| check.well);
    let checks: Map<String, Value> = checks.into_iter().map(|(name, check)| (name, check.detail)).collect();
    let status = if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({
        "status": if well { "ok" } else { "failing" },
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": app.started.elapsed().as_secs(),
        "time": time::format(app.clock.now()),
        "checks": checks,
    });
    Answer::of(status, body).into_response()
}

fn application(app: &SharedApp) -> Check {
    let missing = missing(app, |_| true);
    Check {
        well: missing.is_empty(),
        detail: json!({"missing_configuration": with_missing_webhooks(app, missing)}),
    }
}

/// Checks the table by reading the row with the data's version. Another version than the expected one is not
/// unhealthy: between a migration and the switch of the code both are in use.
async fn database(app: &SharedApp) -> Check {
    let started = Instant::now();
    let read = match app.store() {
        Ok(store) => store.data_version().await,
        Err(error) => Err(error),
    };
    let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
    let missing = missing(app, |name| matches!(name, "TABLE_NAME" | "AWS_REGION"));
    Check {
        well: read.is_ok(),
        detail: json!({
            "answers": read.is_ok(),
            "data_version": read.ok(),
            "expected_data_version": DATA_VERSION,
            "duration_ms": duration_ms,
            "missing_configuration": missing,
        }),
    }
}

fn webhooks(app: &SharedApp) -> Check {
    let missing =
        missing(app, |name| matches!(name, "WHOP_WEBHOOK_SECRET" | "ENCRYPTION_KEY" | "TABLE_NAME"));
    Check {
        well: missing.is_empty(),
        detail: json!({"missing_configuration": with_missing_webhooks(app, missing)}),
    }
}

/// Adds the missing webhook secrets of providers in use. The calls to them work without, so this is not
/// unhealthy, but their events never arrive.
fn with_missing_webhooks(app: &SharedApp, mut missing: Vec<&'static str>) -> Vec<&'static str> {
    let config = &app.config;
    for (name, is_in_use, is_heard) in [
        ("STRIPE_WEBHOOK_SECRET", app.stripe.is_some(), !config.stripe_webhook_secrets.is_empty()),
        ("RESEND_WEBHOOK_SECRET", app.resend.is_some(), !config.resend_webhook_secrets.is_empty()),
    ] {
        if is_in_use && !is_heard {
            missing.push(name);
        }
    }
    missing
}

async fn crons(app: &SharedApp) -> Check {
    let missing = missing(app, |name| name == "CRON_SECRET");
    let mut well = missing.is_empty();
    let mut detail = Map::new();
    for job in &JOBS {
        let (status, run) = status(app, job).await;
        well &= status == "ok" || (status == "never_ran" && !job.must_have_run);
        let told = json!({
            "status": status,
            "last_run_at": run.as_ref().map(|run| time::format(run.ended_at)),
            "last_report": run.map(|run| run.report),
        });
        detail.insert(job.name.to_owned(), told);
    }
    detail.insert("missing_configuration".to_owned(), json!(missing));
    Check { well, detail: Value::Object(detail) }
}

async fn status(app: &SharedApp, job: &Job) -> (&'static str, Option<LastRun>) {
    let run = match app.store() {
        Ok(store) => store.last_run(job.name).await,
        Err(error) => Err(error),
    };
    let Ok(run) = run else { return ("unknown", None) };
    let punctuality = job.punctuality(run.as_ref().map(|run| run.ended_at), app.clock.now());
    (punctuality.as_str(), run)
}

fn missing(app: &SharedApp, of_interest: impl Fn(&str) -> bool) -> Vec<&'static str> {
    app.config.missing().iter().map(|name| name.name).filter(|name| of_interest(name)).collect()
}
