//! The job that sends domain events to the event bus and to analytics.

use serde_json::{Value, json};
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/publish-events",
        ["tickEvents", "runEvents"],
        "publish domain events.",
        "Sends audit entries about cases, bookings, payouts and payees to the event bus of the deployment, \
         ten per request, and removes each from the outbox once the event bus has accepted it. An entry that \
         was not accepted is retried after a delay equal to its age, between one and fifteen minutes. If \
         analytics is configured, it then gets the same events, forty per request; neither waits for the \
         other. A run has a time limit; with `more`, the next run continues.\n\n`due` counts the entries \
         that were due, `done` those that the event bus accepted, and `failed` those that are retried.",
        "A second, late or concurrent run only processes what the first has left. An entry may be published \
         twice, always with the same `event_id`. Only events that happened are published.",
    );
    let answered = |run: Operation| {
        run
            .answers::<JobReportView>(200, "The report of the run, or that no event bus is configured.", [
                ("published", "A run that published events", report()),
                ("no_bus", "A deployment without an event bus and without analytics", json!({
                    "job": "event-publisher", "occurrence": "2026-07-20T10:05:00.000Z", "due": 0, "done": 0,
                    "skipped": "no_event_bus", "failed": 0, "in_doubt": 0, "duration_ms": 0, "more": false,
                })),
            ])
    };
    Function {
        name: "event-publisher",
        about: "The job that sends domain events to the event bus and to analytics.",
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
