//! Payouts by hand, their batches, and approvals of large amounts.
//!
//! - **Called by** the platform's staff and its accountants.
//! - **Reads** the same as the job, for the caller's company; the batches and their entries.
//! - **Writes** the same as the job, into today's batch, and an audit entry; nothing in a dry run. An approval
//!   with its audit entry.
//! - **Answers** the decisions, in a dry run without executing them: transfers, settlements by debt, and who
//!   waits for what; a batch with the status of every booking and the reason.
//! - **Twice:** with the same `Idempotency-Key`, which every change requires, the first answer again. With
//!   another key the second run pays what the first has left.

mod approvals;
mod batches;
mod process;

use axum::Router;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("payout-admin")
        .on(Method::POST, "/api/admin/payouts/process", process::process)
        .on(Method::GET, "/api/admin/payouts/batches", batches::list)
        .on(Method::GET, "/api/admin/payouts/batches/{batch_id}", batches::read)
        .on(Method::POST, "/api/admin/payouts/approvals", approvals::approve)
        .into_router(app)
}
