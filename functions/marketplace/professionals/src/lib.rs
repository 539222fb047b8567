//! Professionals with their Stripe accounts, statements, and the ledger.
//!
//! - **Called by** the owner's and the staff's browser; the statement by the professional's too.
//! - **Reads** the payee's row; a page of ledger entries; balances; from Stripe the account for a professional's
//!   payouts, and which professional uses it already.
//! - **Writes** that account, its assignment to the professional, and an audit entry, in one transaction.
//! - **Answers** the payee, the statement, or the sum of every ledger account.
//! - **Twice:** the same account again; nothing else changes.

mod books;
mod payee;
mod statement;

use axum::Router;
use http::Method;
use shared::app::SharedApp;
use shared::auth::Routes;
use shared::domain::kernel::party::ProfessionalId;
use shared::http::Failure;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("professionals")
        .on(Method::GET, "/api/admin/professionals/{professional_id}", payee::read)
        .on(Method::PUT, "/api/admin/professionals/{professional_id}", payee::connect)
        .on(Method::GET, "/api/professionals/{professional_id}/statement", statement::statement)
        .on(Method::GET, "/api/ledger/balances", books::balances)
        .into_router(app)
}

fn parse(professional_id: &str) -> Result<ProfessionalId, Failure> {
    ProfessionalId::parse(professional_id)
        .map_err(|error| Failure::field("professional_id", error.to_string()))
}
