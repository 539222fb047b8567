//! The job that declines unanswered bookings and voids their payments.

use serde_json::json;
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/auto-decline-bookings",
        ["sweepBookings", "runAutoDecline"],
        "decline unanswered bookings.",
        "Declines the bookings that were not answered in time, or whose hold is about to lapse, lets the \
         customer's money go and writes to them; cancels those that were not paid; finishes steps of bookings \
         that were left unfinished and applies waiting events of Stripe's. The reminders' ticks do the same. \
         A run is bounded in time and in rows; `more` says that the next goes on.",
        "what is due is decided by what is written, not by the call: a second, late or overlapping run finds \
         what the first has left. An answer or a capture that came first stays.",
    );
    let answered = |run: Operation| {
        run.answer::<JobReportView>(
            200,
            "What the run did.",
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
