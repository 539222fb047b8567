//! CloudWatch's embedded metric format: CloudWatch derives metrics from a log line.
//!
//! Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::fields::Fields;

/// The result of a `metrics` field.
pub(super) struct Embedded {
    /// The `_aws` object; `None` if no metric was valid.
    pub(super) aws: Option<Value>,
    /// The invalid entries, so that a typing error shows in the log.
    pub(super) ignored: Option<String>,
}

/// The namespace if the function is not deployed under another stack's name.
const NAMESPACE: &str = "justonce";

/// The namespace of a deployed function: the name of its stack, so that a test deployment triggers no alarm of
/// production. The template names a function `<stack>-<service>`.
pub(super) fn namespace(deployed_as: Option<&str>, service: &str) -> String {
    let stack = deployed_as.and_then(|name| name.strip_suffix(service)?.strip_suffix('-'));
    stack.filter(|stack| !stack.is_empty()).unwrap_or(NAMESPACE).to_owned()
}

/// The most metrics that one directive may name.
const MAX_METRICS: usize = 100;

/// The units of CloudWatch's `MetricDatum` that functions use.
const UNITS: [&str; 8] =
    ["Milliseconds", "Microseconds", "Seconds", "Count", "Bytes", "Percent", "Count/Second", "None"];

/// Parses `name:Unit,name:Unit`; each name is a numeric field of the same event.
pub(super) fn embed(metrics: &str, namespace: &str, fields: &Fields, at: DateTime<Utc>) -> Embedded {
    let (mut usable, mut ignored) = (Vec::new(), Vec::new());
    for entry in metrics.split(',').map(str::trim) {
        match definition(entry, fields) {
            Some(metric) if usable.len() < MAX_METRICS => usable.push(metric),
            _ => ignored.push(entry),
        }
    }
    let aws = json!({
        "Timestamp": at.timestamp_millis(),
        "CloudWatchMetrics": [{ "Namespace": namespace, "Dimensions": [["service"]], "Metrics": usable }],
    });
    Embedded {
        aws: (!usable.is_empty()).then_some(aws),
        ignored: (!ignored.is_empty()).then(|| ignored.join(",")),
    }
}

fn definition(entry: &str, fields: &Fields) -> Option<Value> {
    let (name, unit) = entry.split_once(':')?;
    let counted = fields.get(name).is_some_and(Value::is_number) && UNITS.contains(&unit);
    counted.then(|| json!({ "Name": name, "Unit": unit }))
}
