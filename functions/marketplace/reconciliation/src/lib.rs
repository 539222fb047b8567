//! The job that compares Stripe's balance with the ledger: every cent is matched, backfilled or listed as a
//! finding.
//!
//! - **Called by** the schedule, once a day: EventBridge Scheduler directly, Vercel Cron or an operator
//!   over HTTP with the secret.
//! - **Reads** from Stripe the events and balance transactions since the last run; from the table their bookings,
//!   a hundred per request, the payouts since, and the balances.
//! - **Writes** events that were never delivered, as a webhook would have; missing facts; findings; the cursor
//!   with the run's own row, slice by slice; one row for the run.
//! - **Answers** the report of the run: the numbers of events and balance transactions, matched ones, new
//!   findings, and transfers in doubt. Without Stripe's key an empty one, or 503 if an earlier run had a key.
//! - **Twice, late, overlapping, killed:** the cursor and the totals are written together under a version, so
//!   nothing is counted twice; facts and findings are written once. The next run catches up a missed day, up to
//!   the thirty days for which Stripe lists events; balance transactions have no such limit.

use axum::Router;
use axum::extract::State;
use chrono::Duration;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{JobCall, Routes};
use shared::domain::platform::job::RECONCILIATION_JOB;
use shared::http::{Answer, Failure};
use shared::reconciliation::{ReconcileError, ReconciliationLimits};
use shared::views::platform::job::JobReportView;

/// The interval of the schedule.
const SLOT_DAYS: i64 = 1;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    let path = "/api/cron/reconcile";
    Routes::of("reconciliation").on(Method::GET, path, run).on(Method::POST, path, run).into_router(app)
}

async fn run(State(app): State<SharedApp>, call: JobCall) -> Result<Answer, Failure> {
    let slot = Duration::days(SLOT_DAYS);
    let occurrence = call.occurrence(&app, RECONCILIATION_JOB, slot).await?;
    app.check_in(&occurrence);
    let reconciler = app.reconciler(app.store()?);
    let report = reconciler.run(&occurrence, ReconciliationLimits::default()).await;
    Ok(Answer::ok(JobReportView::from(report.map_err(failure)?)))
}

fn failure(error: ReconcileError) -> Failure {
    match error {
        ReconcileError::Store(error) => error.into(),
        ReconcileError::StripeNotConfigured => Failure::STRIPE_NOT_CONFIGURED,
        ReconcileError::Vault(error) => error.into(),
    }
}
