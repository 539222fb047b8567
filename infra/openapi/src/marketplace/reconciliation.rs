//! The job that compares Stripe's money with the ledger.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/reconcile",
        ["tickReconciliation", "runReconciliation"],
        "reconcile Stripe's balance with the ledger.",
        "Takes in events that were never delivered, looks at every line of Stripe's balance since the last \
         run, records facts that no webhook reported, and lists what the books do not explain. A run is bounded in \
         time and in pages; `more` says that the next goes on.\n\n`due` counts the events and lines that were \
         looked at, `done` those that are explained, backfilled or taken in, `skipped` events that had come \
         in before, `failed` new findings, `in_doubt` transfers whose outcome is not known yet.",
        "the cursor moves once for each slice of time, whichever run works on it; nothing is added up or listed twice.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "What the run did.",
            json!({
                "job": "reconciliation", "occurrence": "2026-07-20T03:40:00.000Z", "due": 12, "done": 10,
                "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840, "more": false,
            }),
        )
    };
    Function {
        name: "reconciliation",
        about: "The job that holds Stripe's money against the books.",
        unavailable: Some("Unavailable"),
        operations: both.map(answered).into(),
    }
}
