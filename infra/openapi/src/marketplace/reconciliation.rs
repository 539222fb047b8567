//! The job that compares Stripe with the ledger.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/reconcile",
        ["tickReconciliation", "runReconciliation"],
        "reconcile Stripe with the ledger.",
        "Fetches events that were never delivered, compares every balance transaction of Stripe since the \
         last run with the ledger, records facts that no webhook reported, and opens a finding for every \
         difference. A run has a time limit and a page limit; with `more`, the next run continues.\n\n`due` \
         counts the examined events and balance transactions, `done` those that were explained, backfilled \
         or fetched, `skipped` events that had been received before, `failed` new findings, and `in_doubt` \
         transfers whose outcome is still unknown.",
        "Each period is processed once, whichever run processes it. Nothing is counted or listed twice.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "The report of the run.",
            json!({
                "job": "reconciliation", "occurrence": "2026-07-20T03:40:00.000Z", "due": 12, "done": 10,
                "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840, "more": false,
            }),
        )
    };
    Function {
        name: "reconciliation",
        about: "The job that compares Stripe with the ledger.",
        unavailable: Some("Unavailable"),
        operations: both.map(answered).into(),
    }
}
