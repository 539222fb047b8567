//! The job that publishes events to the event bus and to analytics.

use serde_json::{Value, json};
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/publish-events",
        ["tickEvents", "runEvents"],
        "publish events to the event bus and to analytics.",
        "Sends what the audit log has of cases, bookings, payouts and payees to the event bus of the \
         deployment, ten entries in a request, and takes each off the queue once the bus has it. What is not \
         taken is due again after as long as it has waited, between one and fifteen minutes. Where analytics \
         is configured it gets the same afterwards, forty events in a request; neither waits for the other. A \
         run is bounded in time; `more` says that the next goes on.\n\n`due` counts the entries whose turn it \
         was, `done` those that the bus took, `failed` those that wait on.",
        "a second, late or overlapping run finds what the first has left. An entry may be published twice, always \
         under the same `event_id`, and none is published of what did not happen.",
    );
    let answered = |run: Operation| {
        run
            .answers::<JobReportView>(200, "The report of the run, or that no event bus is configured.", [
                ("published", "A run that published entries", report()),
                ("no_bus", "A deployment without an event bus and without analytics", json!({
                    "job": "event-publisher", "occurrence": "2026-07-20T10:05:00.000Z", "due": 0, "done": 0,
                    "skipped": "no_event_bus", "failed": 0, "in_doubt": 0, "duration_ms": 0, "more": false,
                })),
            ])
    };
    Function {
        name: "event-publisher",
        about: "The job that publishes events to the event bus and to analytics.",
        unavailable: Some("TableUnavailable"),
        operations: both.map(answered).into(),
    }
}

fn report() -> Value {
    json!({
        "job": "event-publisher", "occurrence": "2026-07-20T10:05:00.000Z", "due": 12, "done": 11,
        "oldest_unsent_seconds": 61, "analytics": {"due": 11, "done": 11, "failed": 0, "given_up": 0},
        "skipped": 0, "failed": 1, "in_doubt": 0, "duration_ms": 120, "more": false,
    })
}
