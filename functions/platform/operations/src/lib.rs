//! Operations: the status of the jobs, everything that needs a person, and what happened to any object.
//!
//! - **Called by** staff: the platform's people, developers, accountants; whoever is on call, from a terminal; and
//!   owners, for the history and the switches of what is theirs.
//! - **Reads** the newest run of every job, the switches, the due index, the effects that are in doubt, refused or waiting for
//!   long, the declines of the last 24 hours, and the findings; for an effect that is resolved, its state at
//!   Stripe; for a history, the object's facts, effects, ledger entries and audit entries.
//! - **Writes** the resolution of an effect with its audit entry, in one transaction with its consequences for
//!   the booking and the ledger; the closing of a finding, or the turn of a switch, with its audit entry.
//! - **Answers** what it read, or the resolved effect or finding.
//! - **Twice:** reading changes nothing; an effect is resolved, a finding closed and a switch turned once, and the
//!   same `Idempotency-Key` gets the first answer again.

mod amounts;
mod findings;
mod held_rows;
mod history;
mod overdue;
mod reconciliations;
mod resolution;
mod summary;
mod switches;
mod waiting;

use axum::Router;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("operations")
        .on(Method::GET, "/api/operations", summary::show)
        .on(Method::POST, "/api/operations/resolve", resolution::resolve)
        .on(Method::GET, "/api/operations/findings", findings::list)
        .on(Method::POST, "/api/operations/findings/{finding_id}/resolve", findings::resolve)
        .on(Method::GET, "/api/history/{kind}/{id}", history::show)
        .on(Method::GET, "/api/operations/switches", switches::list)
        .on(Method::PUT, "/api/operations/switches/{switch}", switches::turn)
        .into_router(app)
}
