//! Metric filters: metrics that CloudWatch counts from the log lines of all functions.
//!
//! A metric is billed only in a month in which one of its lines was written.

use super::camel;

/// A metric and the lines that it counts.
pub(super) struct Filter {
    metric: &'static str,
    patterns: &'static [&'static str],
    /// What a line adds: 1, or a field of it.
    value: &'static str,
    /// The field that becomes the metric's dimension.
    dimension: Option<&'static str>,
}

const fn lines(metric: &'static str, patterns: &'static [&'static str]) -> Filter {
    Filter { metric, patterns, value: "1", dimension: None }
}

/// Adds up a field of the lines that have it.
const fn field(metric: &'static str, pattern: &'static [&'static str], value: &'static str) -> Filter {
    Filter { metric, patterns: pattern, value, dimension: None }
}

/// What Lambda itself writes about a version that it had to end; these lines are plain text.
const KILLED: &str = r#"?"Task timed out" ?"Runtime exited" ?"Runtime.InvalidEntrypoint""#;

/// The health check answers 503 to say that something else is wrong, which has an alarm of its own.
const FAILED: &str = r#"{ ($.errors = 1) && ($.service != "health") }"#;

const CRASHED: &str = "{ $.crashes = 1 }";

/// The limit for requests of people; runs of jobs and payouts by hand take as long as they take.
const SLOW: &str = r#"{ ($.requests = 1) && ($.duration > 2000) && ($.cron NOT EXISTS) && ($.route != "/api/admin/payouts/process") }"#;

pub(super) const FILTERS: [Filter; 18] = [
    lines("requests", &["{ $.requests = 1 }"]),
    lines("errors", &[FAILED, CRASHED, KILLED]),
    Filter {
        metric: "new_version_errors",
        patterns: &[
            r#"{ ($.errors = 1) && ($.service != "health") && ($.revision = "*") }"#,
            r#"{ ($.crashes = 1) && ($.revision = "*") }"#,
        ],
        value: "1",
        dimension: Some("revision"),
    },
    lines("slow", &[SLOW]),
    lines("token_failures", &["{ $.token_failures = 1 }"]),
    lines(
        "whop_webhooks",
        &[r#"{ ($.requests = 1) && ($.route = "/api/webhooks/whop") && ($.status < 300) }"#],
    ),
    lines(
        "stripe_webhooks",
        &[r#"{ ($.requests = 1) && ($.route = "/api/webhooks/stripe") && ($.status < 300) }"#],
    ),
    lines(
        "resend_webhooks",
        &[r#"{ ($.requests = 1) && ($.route = "/api/webhooks/resend") && ($.status < 300) }"#],
    ),
    // Oversized bodies are refused before the signature is checked; what bears no signature is no provider's.
    lines(
        "whop_webhooks_refused",
        &[
            r#"{ ($.webhook_failures = 1) && ($.source = "whop") && ($.status = 401 || $.status = 413) && ($.unsigned NOT EXISTS) }"#,
        ],
    ),
    lines(
        "stripe_webhooks_refused",
        &[
            r#"{ ($.webhook_failures = 1) && ($.source = "stripe") && ($.status = 401 || $.status = 413) && ($.unsigned NOT EXISTS) }"#,
        ],
    ),
    lines(
        "resend_webhooks_refused",
        &[
            r#"{ ($.webhook_failures = 1) && ($.source = "resend") && ($.status = 401 || $.status = 413) && ($.unsigned NOT EXISTS) }"#,
        ],
    ),
    lines("webhooks_failed", &["{ ($.webhook_failures = 1) && ($.status != 401) && ($.status != 413) }"]),
    field("whop_calls", &["{ $.whop_calls > 0 }"], "$.whop_calls"),
    field("whop_failures", &["{ $.whop_failures > 0 }"], "$.whop_failures"),
    field("stripe_calls", &["{ $.stripe_calls > 0 }"], "$.stripe_calls"),
    field("stripe_failures", &["{ $.stripe_failures > 0 }"], "$.stripe_failures"),
    field("resend_calls", &["{ $.resend_calls > 0 }"], "$.resend_calls"),
    field("resend_failures", &["{ $.resend_failures > 0 }"], "$.resend_failures"),
];

impl Filter {
    /// The filters of the metric, one for each pattern.
    pub(super) fn text(&self) -> String {
        let Self { metric, patterns, value, dimension } = self;
        let dimensions = dimension
            .map(|field| format!(", Dimensions: [{{Key: {field}, Value: \"$.{field}\"}}]"))
            .unwrap_or_default();
        let one = |(index, pattern): (usize, &&str)| {
            let number = if index == 0 { String::new() } else { (index + 1).to_string() };
            format!(
                "  {}Lines{number}:\n    Type: AWS::Logs::MetricFilter\n    Properties:\n      LogGroupName: !Ref Log\n      \
                 FilterPattern: '{pattern}'\n      \
                 MetricTransformations: [{{MetricNamespace: !Ref Stack, MetricName: {metric}, MetricValue: \"{value}\"{dimensions}}}]\n",
                camel(metric)
            )
        };
        patterns.iter().enumerate().map(one).collect()
    }
}
