//! The job that pays professionals on payout days.

use serde_json::{Value, json};
use shared::views::platform::job::JobReportView;

use crate::operation::{Function, Operation, job, with};

pub(super) fn function() -> Function {
    let both = job(
        "/api/cron/process-payouts",
        ["tickPayouts", "runPayouts"],
        "pay professionals.",
        "On Tuesdays and Fridays in `PAYOUT_TIME_ZONE`: completes what earlier runs have left, then pays \
         every professional whose bookings are past their hold-back period, in the batch of the planned day. \
         A run has a time limit; with `more`, the next run continues. A run for a payout day that has passed pays \
         those who were due by its end, in the batch of that day. While payouts are switched off, nothing is \
         transferred.",
        "A second, late or concurrent run only processes what the first has left. A booking never has a \
         second transfer.",
    );
    let answered = |run: Operation| {
        run
            .answers::<JobReportView>(200, "The report of the run, or why the job did not run.", [
                ("paid", "A payout day", report()),
                ("no_day", "Any other day", with(report(), json!({
                    "occurrence": "2026-07-22T14:00:00.000Z", "due": 0, "done": 0, "skipped": "not_a_payout_day",
                    "in_doubt": 0, "duration_ms": 0,
                }))),
                ("off", "Payouts are switched off", with(report(), json!({
                    "due": 0, "done": 0, "skipped": "switched_off", "in_doubt": 0, "duration_ms": 0,
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
