//! Key figures of recoveries.
//!
//! - **Called by** the owner's browser.
//! - **Reads** the day counters of the window: one query, whatever the number of cases.
//! - **Writes** nothing.
//! - **Answers** the numbers of cases and recoveries, their rate, and the recovered money that was not refunded.
//! - **Twice:** the same answer.

use axum::Router;
use axum::extract::State;
use chrono::Days;
use http::Method;
use shared::app::SharedApp;
use shared::auth::{Caller, Routes};
use shared::http::query::Parameters;
use shared::http::{Answer, Failure};
use shared::views::recovery::kpis::KpiSummaryView;

const DEFAULT_WINDOW_DAYS: u16 = 30;

/// The routes of this function.
pub fn router(app: SharedApp) -> Router {
    Routes::of("kpis").on(Method::GET, "/api/dashboard/kpis", read).into_router(app)
}

async fn read(
    State(app): State<SharedApp>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Answer, Failure> {
    let window_days = parameters.only(&["window"])?.number("window", 1..=365, DEFAULT_WINDOW_DAYS)?;
    let to = app.clock.now().date_naive();
    let from = to.checked_sub_days(Days::new(u64::from(window_days) - 1)).unwrap_or(to);
    let total = caller.company.counters(from, to).await?;
    Ok(Answer::ok(KpiSummaryView::new(window_days, from, to, &total)))
}
