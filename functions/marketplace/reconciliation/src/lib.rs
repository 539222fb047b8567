//! The job that holds Stripe's money against the books: every cent is explained, backfilled or listed.
//!
//! - **Called by** the schedule, once a day: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret.
//! - **Reads** at Stripe what happened and every line of the balance since the last run; of the table the
//!   bookings they lead to, a hundred in one request, what was paid meanwhile, and the balances.
//! - **Writes** events that were never delivered, as a webhook would have; facts that nobody had told us;
//!   findings; the cursor beside the run's own row, slice by slice; one row for the run.
//! - **Answers** the report of the run: events and lines looked at, those explained, new findings, transfers
//!   in doubt. Without Stripe's key an empty one; 503 if there was a key at an earlier run.
//! - **Twice, late, overlapping, killed:** the cursor moves under its version and with what was added up,
//!   so that nothing counts twice; facts and findings are put once. A missed day is caught up by the
//!   next run, up to the thirty days that Stripe lists events; lines are never too old.

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Routes, Scheduler};
use shared::domain::platform::job::Occurrence;
use shared::http::{Answer, Failure};
use shared::reconciliation::{self, ReconcileError, ReconciliationLimits};
use shared::store::marketplace::reconciliation::RECONCILIATION_JOB;
use shared::views::platform::job::JobReportView;

/// How far apart the planned firings are.
const SLOT_DAYS: i64 = 1;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/reconcile";
    Routes::of("reconciliation").on(Method::GET, path, run).on(Method::POST, path, run).into_router(app)
}

async fn run(State(app): State<SharedApp>, scheduler: Scheduler) -> Result<Answer, Failure> {
    let slot = Duration::days(SLOT_DAYS);
    let occurrence = Occurrence::of(RECONCILIATION_JOB, scheduler.scheduled_at, slot, app.clock.now());
    app.check_in(&occurrence);
    let report = reconciliation::run(&app, &occurrence, ReconciliationLimits::default()).await;
    Ok(Answer::ok(JobReportView::from(report.map_err(failure)?)))
}

fn failure(error: ReconcileError) -> Failure {
    match error {
        ReconcileError::Store(error) => error.into(),
        ReconcileError::StripeNotConfigured => Failure::STRIPE_NOT_CONFIGURED,
        ReconcileError::Vault(error) => error.into(),
    }
}
