//! The job that reminds members on time.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/scheduler/reminders",
        ["tickReminders", "runReminders"],
        "run the sweep.",
        "Sends due reminders, declines bookings that were not answered in time, finishes what was left \
         unfinished and applies waiting events. A run is bounded in time and in rows; `more` says that the \
         next goes on.",
        "what is due is decided by what is written, not by the call: a second, late or overlapping run finds \
         what the first has left.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "What the run did.",
            json!({
                "job": "reminders", "occurrence": "2026-07-20T10:05:00.000Z", "due": 12, "done": 10,
                "declined": 2, "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840, "more": false,
            }),
        )
    };
    Function {
        name: "reminders",
        about: "The job that reminds members on time.",
        unavailable: Some("TableUnavailable"),
        operations: both.map(answered).into(),
    }
}
