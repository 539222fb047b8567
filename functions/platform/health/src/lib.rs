//! Health checks, and the API document.
//!
//! - **Called by** anybody, such as an uptime monitor; the deep check by an operator.
//! - **Reads** nothing, or the version of the data, or the last run of each job, one row each, or the counts of
//!   webhooks, one query; in the deep check also from each provider, to try its key.
//! - **Writes** nothing.
//! - **Answers** 200 or 503 with what is wrong: names and times, never a secret.
//! - **Twice:** the same answer.

mod deep;

use std::collections::BTreeMap;
use std::time::Instant;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::Duration;
use http::{HeaderValue, Method, StatusCode, header};
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::JOBS;
use shared::http::query::Parameters;
use shared::http::{Answer, Failure};
use shared::jobs;
use shared::store::platform::job::Runs;
use shared::store::version::DATA_VERSION;
use shared::views::Timestamp;
use shared::views::platform::health::{
    ChecksView, ConfigurationCheckView, CronsCheckView, DatabaseCheckView, HealthStatus, HealthView,
    WebhooksCheckView,
};
use shared::views::platform::job::{JobHealth, JobStateView};
use shared::views::platform::probe::DeliveriesView;
use shared::webhook_counts::{self, SourceCounts};

use deep::Probes;

/// The document that describes every route.
pub const OPENAPI: &str = include_str!("../../../../infra/openapi/openapi.json");

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("health")
        .on(Method::GET, "/api/health", check)
        .on(Method::GET, "/api/health/deep", check_all)
        .on(Method::GET, "/api/openapi.json", openapi)
        .into_router(app)
}

/// What the check of webhooks shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Public,
    /// The counts of the last day too, for operators.
    Counts,
}

/// The result of one check.
struct Checked {
    well: bool,
    checks: ChecksView,
}

async fn check(State(app): State<SharedApp>, parameters: Parameters) -> Result<Response, Failure> {
    let parameters = parameters.only(&["type"])?;
    let mut checked = Checked { well: true, checks: ChecksView::default() };
    match parameters.get("type").unwrap_or("application") {
        "application" => checked.application(&app),
        "database" => checked.database(&app).await,
        "webhooks" => checked.webhooks(&app, Detail::Public).await,
        "crons" => checked.crons(&app).await,
        _ => return Err(Failure::field("type", "expected application, database, webhooks or crons")),
    }
    Ok(checked.answer(&app))
}

async fn check_all(State(app): State<SharedApp>, _operator: Scheduler) -> Response {
    let mut checked = Checked { well: true, checks: ChecksView::default() };
    checked.application(&app);
    let of_table = async {
        checked.database(&app).await;
        checked.crons(&app).await;
        checked.webhooks(&app, Detail::Counts).await;
        checked
    };
    let (mut checked, probes) = tokio::join!(of_table, Probes::run(&app));
    checked.probes(probes);
    checked.answer(&app)
}

async fn openapi() -> Response {
    let mut response = OPENAPI.into_response();
    let json = HeaderValue::from_static("application/openapi+json;version=3.1");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl Checked {
    fn answer(self, app: &SharedApp) -> Response {
        let (code, status) = match self.well {
            true => (StatusCode::OK, HealthStatus::Ok),
            false => (StatusCode::SERVICE_UNAVAILABLE, HealthStatus::Failing),
        };
        let health = HealthView {
            status,
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: app.started.elapsed().as_secs(),
            time: Timestamp(app.clock.now()),
            checks: self.checks,
        };
        Answer::of(code, health).into_response()
    }

    fn application(&mut self, app: &SharedApp) {
        let missing_configuration = self.configuration(app, missing(app, |_| true));
        self.checks.application = Some(ConfigurationCheckView { missing_configuration });
    }

    async fn webhooks(&mut self, app: &SharedApp, detail: Detail) {
        let needed = |name: &str| matches!(name, "WHOP_WEBHOOK_SECRET" | "ENCRYPTION_KEY" | "TABLE_NAME");
        let missing_configuration = self.configuration(app, missing(app, needed));
        let now = app.clock.now();
        let hours = if detail == Detail::Counts { 24 } else { 1 };
        let read = match app.store() {
            Ok(store) => store.webhook_hours(now - Duration::hours(hours)).await,
            Err(error) => Err(error),
        };
        // Without the table no delivery can be stored either.
        self.well &= read.is_ok();
        let sources = webhook_counts::sum(&read.unwrap_or_default());
        let refused = sources.iter().filter(|(_, counts)| counts.is_only_refused(now));
        let only_refused: Vec<String> = refused.map(|(source, _)| source.clone()).collect();
        self.well &= only_refused.is_empty();
        let last_24_hours = (detail == Detail::Counts)
            .then(|| sources.into_iter().map(|(source, counts)| (source, show(&counts))).collect());
        self.checks.webhooks = Some(WebhooksCheckView { missing_configuration, only_refused, last_24_hours });
    }

    fn probes(&mut self, probes: Probes) {
        self.well &= probes.are_well();
        self.checks.keys = Some(probes.keys);
        self.checks.user_tokens = Some(probes.user_tokens);
        self.checks.reminder_texts = Some(probes.reminder_texts);
    }

    fn configuration(&mut self, app: &SharedApp, missing: Vec<&'static str>) -> Vec<&'static str> {
        self.well &= missing.is_empty();
        with_missing_webhooks(app, missing)
    }

    /// Whether the table answers, by the row that says which version its data is of. One that is not the expected
    /// one is no illness: between the migration and the switch, either is in use.
    async fn database(&mut self, app: &SharedApp) {
        let started = Instant::now();
        let read = match app.store() {
            Ok(store) => store.data_version().await,
            Err(error) => Err(error),
        };
        let duration_ms = started.elapsed().as_secs_f64() * 1_000.0;
        self.well &= read.is_ok();
        self.checks.database = Some(DatabaseCheckView {
            answers: read.is_ok(),
            data_version: read.ok(),
            expected_data_version: DATA_VERSION,
            duration_ms,
            missing_configuration: missing(app, |name| matches!(name, "TABLE_NAME" | "AWS_REGION")),
        });
    }

    async fn crons(&mut self, app: &SharedApp) {
        let missing_configuration = missing(app, |name| name == "CRON_SECRET");
        self.well &= missing_configuration.is_empty();
        let runs = read_runs(app).await;
        let known = runs.as_deref().unwrap_or_default();
        let mut jobs = BTreeMap::new();
        for (job, status, runs_of_job) in jobs::statuses(known, app.job_expectations(), app.clock.now()) {
            let status = if runs.is_some() { JobHealth::from(status) } else { JobHealth::Unknown };
            self.well &= status == JobHealth::Ok || (status == JobHealth::NeverRan && !job.must_have_run);
            let last = runs_of_job.map(|runs| &runs.last);
            let last_run_at = last.map(|last| Timestamp(last.ended_at));
            let last_report = last.map(|last| last.report.clone().into());
            jobs.insert(job.name, JobStateView { status, last_run_at, last_report });
        }
        self.checks.crons = Some(CronsCheckView { jobs, missing_configuration });
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

/// What is stored about the jobs that have run; `None` if the table does not answer. Row by row, because this
/// function may read single rows only.
async fn read_runs(app: &SharedApp) -> Option<Vec<Runs>> {
    let store = app.store().ok()?;
    let mut known = Vec::new();
    for job in JOBS {
        known.extend(store.runs(job.name).await.ok()?);
    }
    Some(known)
}

fn show(counts: &SourceCounts) -> DeliveriesView {
    DeliveriesView {
        accepted: counts.accepted,
        refused: counts.refused,
        last_accepted_at: counts.last_accepted_at.map(Timestamp),
        last_refused_at: counts.last_refused_at.map(Timestamp),
        unknown_names: counts.unknown_names,
        last_unknown_name: counts.last_unknown_name.clone(),
    }
}

fn missing(app: &SharedApp, of_interest: impl Fn(&str) -> bool) -> Vec<&'static str> {
    app.config.missing().iter().map(|name| name.name).filter(|name| of_interest(name)).collect()
}
