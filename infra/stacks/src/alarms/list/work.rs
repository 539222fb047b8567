//! The jobs, and the money and messages that they move.

use super::super::alarm::Severity::{P1, P2, P3};
use super::{Alarm, FIVE_MINUTES, HOUR, Metric, Periods, QUARTER, Severity, Silence, Watched};

/// The SLO of reminders.
const REMINDED_WITHIN_SECONDS: u32 = HOUR;

/// Longer than any event waits for its provider before a person should look.
const KEPT_FOR_SECONDS: u32 = 6 * HOUR;

/// At this rate the error budget of 30 days is used up in five.
const BURN_RATE: u32 = 6;

/// Ticks of the two jobs that run every few minutes, in an hour.
const TICKS_PER_HOUR: u32 = 60 + 12;

pub(super) fn jobs() -> Vec<Alarm> {
    let ticks = |name, service| (Metric::Embedded { name, service }, "SampleCount");
    let (reminders, published) = (ticks("late_jobs", "reminders"), ticks("oldest_unsent", "event-publisher"));
    vec![
        Alarm {
            name: "reminders-missed",
            severity: P1,
            meaning: "No run of reminders has ended for 20 minutes, and nothing reports the other jobs.",
            entry: "reminders-missed",
            watched: Watched::One(reminders.0, reminders.1),
            period_seconds: FIVE_MINUTES,
            periods: Periods::Of { beyond: 4, all: 4 },
            beyond: ('<', 1),
            silence: Silence::Rings,
            condition: None,
        },
        stays("jobs-late", P2, "A planned run of a job did not take place.", gauge("late_jobs"), 0),
        stays("jobs-failing", P2, "The newest runs of a job failed at their work.", gauge("failing_jobs"), 0),
        Alarm {
            name: "job-misses",
            severity: P3,
            meaning: "More than 5 % of the planned runs of reminders and event-publisher were missed or failed, in two of three hours.",
            entry: "job-misses",
            watched: Watched::Calculated {
                expression: format!(
                    "100 * (1 - (FILL(reminders, 0) + FILL(published, 0)) / {TICKS_PER_HOUR})"
                ),
                metrics: vec![
                    ("reminders", reminders.0, reminders.1),
                    ("published", published.0, published.1),
                ],
            },
            period_seconds: HOUR,
            periods: Periods::Of { beyond: 2, all: 3 },
            beyond: ('>', 5),
            silence: Silence::Rings,
            condition: None,
        },
    ]
}

pub(super) fn money_and_messages() -> Vec<Alarm> {
    let lowest = |name| (Metric::Embedded { name, service: "reminders" }, "Minimum");
    let waiting = [
        ("unpaid", lowest("unpaid_and_due")),
        ("undelivered", lowest("oldest_undelivered_reminder")),
        ("doubt", lowest("open_in_doubt")),
    ];
    let unsent = Metric::Embedded { name: "oldest_unsent", service: "event-publisher" };
    vec![
        stays(
            "unpaid",
            P2,
            "A professional was due on a payout day that has passed, and is not paid.",
            gauge("unpaid_and_due"),
            0,
        ),
        stays(
            "reminders-undelivered",
            P2,
            "A reminder has not been delivered for more than an hour.",
            gauge("oldest_undelivered_reminder"),
            REMINDED_WITHIN_SECONDS,
        ),
        stays("in-doubt", P2, "An effect may or may not have happened.", gauge("open_in_doubt"), 0),
        Alarm {
            name: "unresolved",
            severity: P1,
            meaning: "Money, a message or a doubt has waited for EscalationHours.",
            entry: "unresolved",
            watched: Watched::Calculated {
                expression: format!(
                    "IF(unpaid > 0 OR undelivered > {REMINDED_WITHIN_SECONDS} OR doubt > 0, 1, 0)"
                ),
                metrics: waiting.map(|(id, (metric, statistic))| (id, metric, statistic)).to_vec(),
            },
            period_seconds: HOUR,
            periods: Periods::Parameter("EscalationHours"),
            beyond: ('>', 0),
            silence: Silence::KeepsState,
            condition: None,
        },
        stays(
            "error-budget-burning",
            P2,
            "A promise is missed six times more often than its error budget allows, now and for six hours.",
            gauge("burn_rate"),
            BURN_RATE,
        ),
        stays("refusals", P3, "A provider refused something for good.", gauge("open_refusals"), 0),
        stays("findings", P2, "Stripe's money and the books differ.", gauge("open_findings"), 0),
        stays(
            "events-kept",
            P3,
            "A stored event has not been applied for more than six hours.",
            gauge("oldest_kept_event"),
            KEPT_FOR_SECONDS,
        ),
        stays(
            "events-unsent",
            P3,
            "A domain event has waited for the bus for more than a quarter of an hour.",
            Watched::One(unsent, "Maximum"),
            QUARTER,
        ),
    ]
}

/// A number that the sweep reports every five minutes and that stays until what it counts is over.
fn gauge(name: &'static str) -> Watched {
    Watched::One(Metric::Embedded { name, service: "reminders" }, "Maximum")
}

/// Two of three periods of five minutes: a number that one run reports and the next does not is no incident.
fn stays(
    name: &'static str,
    severity: Severity,
    meaning: &'static str,
    watched: Watched,
    threshold: u32,
) -> Alarm {
    Alarm {
        name,
        severity,
        meaning,
        entry: name,
        watched,
        period_seconds: FIVE_MINUTES,
        periods: Periods::Of { beyond: 2, all: 3 },
        beyond: ('>', threshold),
        silence: Silence::KeepsState,
        condition: None,
    }
}
