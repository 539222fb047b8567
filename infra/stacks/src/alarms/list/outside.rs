//! The providers: their webhooks, and the calls to them.

use super::super::alarm::Severity::{P2, P3};
use super::{Alarm, HOUR, Metric, Periods, QUARTER, Silence, Watched};

pub(super) fn webhooks() -> Vec<Alarm> {
    let counted = Metric::Counted;
    let refused_more_often = |refused: &str, taken: &str| {
        format!("IF(FILL({refused}, 0) >= 3 AND FILL({refused}, 0) > FILL({taken}, 0), 1, 0)")
    };
    let each = [("wr", "wt"), ("sr", "st"), ("rr", "rt")];
    let silent = |name, metric, meaning, hours, condition| Alarm {
        name,
        severity: P2,
        meaning,
        entry: "webhooks-silent",
        watched: Watched::One(counted(metric), "Sum"),
        period_seconds: HOUR,
        periods: Periods::Parameter(hours),
        beyond: ('<', 1),
        silence: Silence::Rings,
        condition: Some(condition),
    };
    vec![
        Alarm {
            name: "webhooks-refused",
            severity: P2,
            meaning: "A provider's webhooks are refused more often than taken, three times at least in an hour.",
            entry: "webhooks-refused",
            watched: Watched::Calculated {
                expression: each.map(|(refused, taken)| refused_more_often(refused, taken)).join(" + "),
                metrics: vec![
                    ("wr", counted("whop_webhooks_refused"), "Sum"),
                    ("wt", counted("whop_webhooks"), "Sum"),
                    ("sr", counted("stripe_webhooks_refused"), "Sum"),
                    ("st", counted("stripe_webhooks"), "Sum"),
                    ("rr", counted("resend_webhooks_refused"), "Sum"),
                    ("rt", counted("resend_webhooks"), "Sum"),
                ],
            },
            period_seconds: HOUR,
            periods: Periods::Of { beyond: 1, all: 6 },
            beyond: ('>', 0),
            silence: Silence::Ok,
            condition: None,
        },
        Alarm {
            name: "webhooks-failed",
            severity: P3,
            meaning: "A signed webhook was rejected within the last day.",
            entry: "webhooks-failed",
            watched: Watched::One(counted("webhooks_failed"), "Sum"),
            period_seconds: HOUR,
            periods: Periods::Of { beyond: 1, all: 24 },
            beyond: ('>', 0),
            silence: Silence::Ok,
            condition: None,
        },
        silent(
            "whop-silent",
            "whop_webhooks",
            "No webhook of Whop was taken for WhopSilenceHours.",
            "WhopSilenceHours",
            "ExpectsWhop",
        ),
        silent(
            "stripe-silent",
            "stripe_webhooks",
            "No webhook of Stripe was taken for StripeSilenceHours.",
            "StripeSilenceHours",
            "ExpectsStripe",
        ),
    ]
}

pub(super) fn providers() -> Vec<Alarm> {
    let of = |name, calls, failures, severity, meaning| Alarm {
        name,
        severity,
        meaning,
        entry: "provider-errors",
        watched: Watched::Calculated {
            expression: "IF(FILL(failed, 0) >= 3, 100 * failed / asked, 0)".to_owned(),
            metrics: vec![
                ("failed", Metric::Counted(failures), "Sum"),
                ("asked", Metric::Counted(calls), "Sum"),
            ],
        },
        period_seconds: QUARTER,
        periods: Periods::Of { beyond: 1, all: 4 },
        beyond: ('>', 10),
        silence: Silence::Ok,
        condition: None,
    };
    vec![
        of(
            "whop-errors",
            "whop_calls",
            "whop_failures",
            P2,
            "More than 10 % of the calls to Whop failed in 15 minutes, three at least.",
        ),
        of(
            "stripe-errors",
            "stripe_calls",
            "stripe_failures",
            P2,
            "More than 10 % of the calls to Stripe failed in 15 minutes, three at least.",
        ),
        of(
            "resend-errors",
            "resend_calls",
            "resend_failures",
            P3,
            "More than 10 % of the calls to Resend failed in 15 minutes, three at least.",
        ),
    ]
}
