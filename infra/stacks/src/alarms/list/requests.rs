//! Requests over all functions.

use super::super::alarm::Severity::{P1, P2, P3};
use super::{Alarm, FIVE_MINUTES, MINUTE, Metric, Periods, QUARTER, Silence, Watched};

/// The alarm that rolls a new version back.
pub(in crate::alarms) const NEW_VERSION: &str = "new-version";

pub(super) fn requests() -> Vec<Alarm> {
    let counted = Metric::Counted;
    vec![
        Alarm {
            name: "errors",
            severity: P1,
            meaning: "More than 5 % of all requests failed, five at least, in three of five minutes.",
            entry: "errors",
            watched: Watched::Calculated {
                expression: "IF(FILL(failed, 0) >= 5, 100 * failed / asked, 0)".to_owned(),
                metrics: vec![("failed", counted("errors"), "Sum"), ("asked", counted("requests"), "Sum")],
            },
            period_seconds: MINUTE,
            periods: Periods::Of { beyond: 3, all: 5 },
            beyond: ('>', 5),
            silence: Silence::Ok,
            condition: None,
        },
        Alarm {
            name: "some-errors",
            severity: P2,
            meaning: "More than two requests failed or crashed in a quarter of an hour of the last one.",
            entry: "errors",
            watched: Watched::One(counted("errors"), "Sum"),
            period_seconds: QUARTER,
            periods: Periods::Of { beyond: 1, all: 4 },
            beyond: ('>', 2),
            silence: Silence::Ok,
            condition: None,
        },
        // Two minutes, so that one unlucky request turns nothing back.
        Alarm {
            name: NEW_VERSION,
            severity: P2,
            meaning: "The new version failed or crashed in two of five minutes; a roll-out is turned back.",
            entry: NEW_VERSION,
            watched: Watched::One(Metric::OfThisRevision("new_version_errors"), "Sum"),
            period_seconds: MINUTE,
            periods: Periods::Of { beyond: 2, all: 5 },
            beyond: ('>', 0),
            silence: Silence::Ok,
            condition: None,
        },
        Alarm {
            name: "slow",
            severity: P3,
            meaning: "More than 5 % of all requests, five at least, took over two seconds, for a quarter of an hour.",
            entry: "slow",
            watched: Watched::Calculated {
                expression: "IF(FILL(slow, 0) >= 5, 100 * slow / asked, 0)".to_owned(),
                metrics: vec![("slow", counted("slow"), "Sum"), ("asked", counted("requests"), "Sum")],
            },
            period_seconds: FIVE_MINUTES,
            periods: Periods::Of { beyond: 3, all: 4 },
            beyond: ('>', 5),
            silence: Silence::Ok,
            condition: None,
        },
        Alarm {
            name: "token-failures",
            severity: P2,
            meaning: "More than fifty requests in a minute failed to authenticate.",
            entry: "token-failures",
            watched: Watched::One(counted("token_failures"), "Sum"),
            period_seconds: MINUTE,
            periods: Periods::Of { beyond: 1, all: 30 },
            beyond: ('>', 50),
            silence: Silence::Ok,
            condition: None,
        },
    ]
}
