//! How the jobs are doing, and what needs a person.
//!
//! - **Called by** staff: the platform's people, developers, accountants.
//! - **Reads** the newest run of every job, the due index, the effects in doubt, refused or waiting for
//!   long, what was declined in the last 24 hours, and what the reconciliation lists; of an effect that is
//!   resolved, what Stripe says of it.
//! - **Writes** how an effect in doubt was resolved, with its audit entry, in the transaction of whatever
//!   follows from it for the booking and the books; how a finding was closed, with its audit entry.
//! - **Answers** what it read; of an effect or a finding, how it stands.
//! - **Twice:** reading changes nothing; an effect is resolved and a finding closed once, and with the
//!   same `Idempotency-Key` the first answer comes again.

mod amounts;
mod findings;
mod reconciliations;
mod refused;
mod resolution;
mod summary;

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
        .into_router(app)
}
