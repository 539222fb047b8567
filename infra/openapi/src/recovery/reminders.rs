//! The job that sends due reminders.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/scheduler/reminders",
        ["tickReminders", "runReminders"],
        "send due reminders.",
        "Sends due reminders, declines bookings that were not answered in time, completes interrupted \
         actions and applies pending events. A run has a time limit and a row limit; with `more`, the next \
         run continues. What a switch holds back stays due.",
        "What is due depends on the stored data, not on the call: a second, late or concurrent run only \
         processes what the first has left.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "The report of the run.",
            json!({
                "job": "reminders", "occurrence": "2026-07-20T10:05:00.000Z", "due": 12, "done": 10,
                "declined": 2, "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840, "more": false,
            }),
        )
    };
    Function {
        name: "reminders",
        about: "The job that sends due reminders.",
        unavailable: Some("TableUnavailable"),
        operations: both.map(answered).into(),
    }
}
