//! CloudWatch's embedded metric format: a log line that CloudWatch also counts.
//!
//! Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::fields::Fields;

/// What became of a `metrics` field.
pub(super) struct Embedded {
    /// The `_aws` object; `None` where no metric was usable.
    pub(super) aws: Option<Value>,
    /// The entries that were not usable, so that a typing error shows in the log.
    pub(super) ignored: Option<String>,
}

/// Whose metrics they are, where nobody deployed the function under another name.
const NAMESPACE: &str = "justonce";

/// The namespace of a function that is deployed under this name: that of its stack, so that a trial beside
/// production rings no alarm there. The template calls a function `<stack>-<service>`.
pub(super) fn namespace(deployed_as: Option<&str>, service: &str) -> String {
    let stack = deployed_as.and_then(|name| name.strip_suffix(service)?.strip_suffix('-'));
    stack.filter(|stack| !stack.is_empty()).unwrap_or(NAMESPACE).to_owned()
}

/// The most metrics that one directive may name.
const MAX_METRICS: usize = 100;

/// The units of CloudWatch's `MetricDatum` that a function has use for.
const UNITS: [&str; 8] =
    ["Milliseconds", "Microseconds", "Seconds", "Count", "Bytes", "Percent", "Count/Second", "None"];

/// Reads `name:Unit,name:Unit`; each name is a numeric field of the same event.
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
