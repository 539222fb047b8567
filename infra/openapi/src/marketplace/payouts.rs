//! The job that pays professionals on payout days.

use serde_json::{Value, json};
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job, with};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/process-payouts",
        ["tickPayouts", "runPayouts"],
        "run the payouts.",
        "On a Tuesday or a Friday in `PAYOUT_TIME_ZONE`: finishes what earlier runs left, then pays every \
         professional whose bookings are past their hold-back, into the batch of the planned day. A run is \
         bounded in time; `more` says that the next goes on.",
        "a second, late or overlapping run finds what the first has left. A booking has one transfer for ever.",
    );
    let answered = |run: Operation| {
        run
            .answers::<JobReportView>(200, "What the run did, or that it is no payout day.", [
                ("paid", "A payout day", report()),
                ("no_day", "Any other day", with(report(), json!({
                    "occurrence": "2026-07-22T14:00:00.000Z", "due": 0, "done": 0, "skipped": "not_a_payout_day",
                    "in_doubt": 0, "duration_ms": 0,
                }))),
            ])
    };
    Function {
        name: "payouts",
        about: "The job that pays professionals on payout days.",
        unavailable: Some("TableUnavailable"),
        operations: both.map(answered).into(),
    }
}

fn report() -> Value {
    json!({
        "job": "payouts", "occurrence": "2026-07-21T14:00:00.000Z", "due": 12, "done": 11, "skipped": 0,
        "failed": 0, "in_doubt": 1, "duration_ms": 9000, "more": false,
    })
}
