//! The job that declines unanswered bookings and voids their payments.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/auto-decline-bookings",
        ["sweepBookings", "runAutoDecline"],
        "decline unanswered bookings.",
        "Declines bookings that were not answered in time or whose authorization is about to expire, voids \
         their payments and informs the customers by email. Cancels bookings that were not paid, completes \
         interrupted steps of bookings and applies pending events of Stripe. The reminders job does the \
         same. A run has a time limit and a row limit; with `more`, the next run continues. While automatic \
         declines are switched off, bookings keep their status and stay due.",
        "What is due depends on the stored data, not on the call: a second, late or concurrent run only \
         processes what the first has left. A booking that was answered or captured first is not declined.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "The report of the run.",
            json!({
                "job": "auto-decline", "occurrence": "2026-07-20T11:00:00.000Z", "due": 12, "done": 10,
                "declined": 9, "skipped": 1, "failed": 1, "in_doubt": 0, "duration_ms": 840, "more": false,
            }),
        )
    };
    Function {
        name: "auto-decline",
        about: "The job that declines unanswered bookings and voids their payments.",
        unavailable: Some("TableUnavailable"),
        operations: both.map(answered).into(),
    }
}
