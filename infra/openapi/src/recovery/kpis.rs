//! Key figures of recovered revenue.

use serde_json::json;
use shared::views::recovery::kpis::KpiSummaryView;

use crate::operation::{Function, get};

pub(super) fn function() -> Function {
    Function {
        name: "kpis",
        about: "What came back.",
        unavailable: Some("Unavailable"),
        operations: vec![
            get("/api/dashboard/kpis", "readKpis")
                .summary("Owner: get the recovered revenue.")
                .about("Counts the cases by their first failure. The window ends today (UTC).")
                .parameters(&["Window"])
                .answer::<KpiSummaryView>(
                    200,
                    "What came back.",
                    json!({
                        "window_days": 30, "from": "2026-06-21", "to": "2026-07-20", "active_cases": 40,
                        "recoveries": 25, "recovery_rate": 0.625, "recovered_revenue_cents": 47500, "currency": "usd",
                        "recovered_revenue": [
                            {"currency": "eur", "amount": 2900},
                            {"currency": "usd", "amount": 47500},
                        ],
                    }),
                ),
        ],
    }
}
