//! Payouts by hand, their batches, and approvals of large amounts.
//!
//! - **Called by** the platform's staff and its accountants.
//! - **Reads** what the job reads, of the caller's company; the records of batches, and their entries.
//! - **Writes** what the job writes, into the batch of today, and an audit entry; nothing in a dry run. An
//!   approval, with its audit entry.
//! - **Answers** what was decided, or would be: transfers, settlements by debt, and who waits for what; a
//!   batch with every booking in it, what became of it and why.
//! - **Twice:** with the same `Idempotency-Key`, which every change needs, the first answer again. Under
//!   another key the second run finds what the first has left.

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
