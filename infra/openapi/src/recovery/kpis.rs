//! Recovery figures for the dashboard.

use serde_json::json;
use shared::views::recovery::kpis::KpiSummaryView;

use crate::operation::{Function, Operation, get};

pub(super) fn function() -> Function {
    Function {
        name: "kpis",
        about: "Recovery figures for the dashboard.",
        unavailable: Some("Unavailable"),
        operations: vec![read_kpis()],
    }
}

fn read_kpis() -> Operation {
    get("/api/dashboard/kpis", "readKpis")
        .summary("Owner: read the recovery figures.")
        .about("Summarizes the cases whose first failure is in the window, which ends today (UTC).")
        .parameters(&["Window"])
        .answer::<KpiSummaryView>(
            200,
            "The recovery figures.",
            json!({
                "window_days": 30, "from": "2026-06-21", "to": "2026-07-20", "active_cases": 40,
                "recoveries": 25, "recovery_rate": 0.625, "recovered_revenue_cents": 47500, "currency": "usd",
                "recovered_revenue": [
                    {"currency": "eur", "amount": 2900},
                    {"currency": "usd", "amount": 47500},
                ],
            }),
        )
}
