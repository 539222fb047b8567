//! Every alarm. There is none that nobody would act on: docs/runbook.md says of each what to do.

mod outside;
mod requests;
mod work;

use super::alarm::{Alarm, Metric, Periods, Severity, Silence, Watched};

pub(super) use requests::NEW_VERSION;

const MINUTE: u32 = 60;
const FIVE_MINUTES: u32 = 300;
const QUARTER: u32 = 900;
const HOUR: u32 = 3_600;

pub(super) fn alarms() -> Vec<Alarm> {
    [
        requests::requests(),
        work::jobs(),
        work::money_and_messages(),
        outside::webhooks(),
        outside::providers(),
        platform(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn platform() -> Vec<Alarm> {
    let queue = |name, meaning| Alarm {
        name,
        severity: Severity::P3,
        meaning,
        entry: name,
        watched: Watched::One(
            Metric::Queue { name: "ApproximateNumberOfMessagesVisible", queue: name },
            "Maximum",
        ),
        period_seconds: FIVE_MINUTES,
        periods: Periods::Of { beyond: 1, all: 1 },
        beyond: ('>', 0),
        silence: Silence::Ok,
        condition: None,
    };
    let throttled = |name, index| (Metric::Table { name, index }, "Sum");
    let metrics = [
        ("reads", throttled("ReadThrottleEvents", None)),
        ("writes", throttled("WriteThrottleEvents", None)),
        ("due", throttled("WriteThrottleEvents", Some("due"))),
        ("list", throttled("WriteThrottleEvents", Some("list"))),
    ];
    vec![
        queue("missed-runs", "A scheduled run could not be started, or failed twice."),
        queue("undelivered-events", "A domain event did not reach a target."),
        Alarm {
            name: "table-throttled",
            severity: Severity::P2,
            meaning: "The table throttled more than ten requests in two of three periods of five minutes.",
            entry: "table-throttled",
            watched: Watched::Calculated {
                expression: "FILL(reads, 0) + FILL(writes, 0) + FILL(due, 0) + FILL(list, 0)".to_owned(),
                metrics: metrics.map(|(id, (metric, statistic))| (id, metric, statistic)).to_vec(),
            },
            period_seconds: FIVE_MINUTES,
            periods: Periods::Of { beyond: 2, all: 3 },
            beyond: ('>', 10),
            silence: Silence::Ok,
            condition: None,
        },
    ]
}
