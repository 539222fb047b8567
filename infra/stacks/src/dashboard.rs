//! The dashboard: all alarms, then a row for each of their subjects.
//!
//! Functions are found by a search, so that the dashboard does not grow with them: up to three dashboards of fifty
//! metrics each are free.

use serde_json::{Value, json};

use crate::alarms::Alarm;

/// A dashboard is 24 columns wide.
const COLUMNS: usize = 24;

/// The height of a row.
const HEIGHT: usize = 6;

/// The resource in the stack of the alarms.
pub(crate) fn resource(alarms: &[Alarm]) -> String {
    let mut widgets = vec![all(alarms)];
    for (row, graphs) in rows().into_iter().enumerate() {
        let (y, width) = ((row + 1) * HEIGHT, COLUMNS / graphs.len());
        for (place, (kind, mut properties)) in graphs.into_iter().enumerate() {
            properties["region"] = json!("${AWS::Region}");
            widgets.push(json!({
                "type": kind, "x": place * width, "y": y, "width": width, "height": HEIGHT,
                "properties": properties,
            }));
        }
    }
    let lines: Vec<String> = widgets.iter().map(|widget| format!("          {widget}")).collect();
    format!(
        "  Dashboard:\n    Type: AWS::CloudWatch::Dashboard\n    Properties:\n      DashboardName: !Ref Stack\n      \
         DashboardBody: !Sub |\n        {{\"widgets\": [\n{}\n        ]}}\n",
        lines.join(",\n")
    )
}

fn all(alarms: &[Alarm]) -> Value {
    let arn = |alarm: &Alarm| {
        format!(
            "arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:${{Stack}}-{}",
            alarm.name
        )
    };
    let arns: Vec<String> = alarms.iter().map(arn).collect();
    json!({
        "type": "alarm", "x": 0, "y": 0, "width": COLUMNS, "height": HEIGHT,
        "properties": {"title": "Everything that may ring", "sortBy": "stateUpdatedTimestamp", "alarms": arns},
    })
}

/// A widget: its kind and its properties.
type Widget = (&'static str, Value);

fn rows() -> [Vec<Widget>; 5] {
    let counted = |metric: &str| json!(["${Stack}", metric]);
    let gauge = |metric: &str| json!(["${Stack}", metric, "service", "reminders"]);
    let unsent = json!(["${Stack}", "oldest_unsent", "service", "event-publisher"]);
    let queue = |name: &str| {
        json!(["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", format!("${{Stack}}-{name}")])
    };
    let webhooks = |provider: &str| {
        let names = [format!("{provider}_webhooks"), format!("{provider}_webhooks_refused")];
        names.map(|name| counted(&name))
    };
    let calls = |provider: &str| {
        let names = [format!("{provider}_calls"), format!("{provider}_failures")];
        names.map(|name| counted(&name))
    };
    let providers = ["whop", "stripe", "resend"];
    [
        vec![
            graph(
                "waits for a person",
                "Maximum",
                ["unpaid_and_due", "open_refusals", "open_in_doubt", "open_findings", "kept_events"]
                    .map(gauge)
                    .to_vec(),
            ),
            graph(
                "age of the oldest, s",
                "Maximum",
                vec![gauge("oldest_undelivered_reminder"), gauge("oldest_kept_event"), unsent],
            ),
            graph(
                "jobs, and queues",
                "Maximum",
                vec![
                    gauge("late_jobs"),
                    gauge("failing_jobs"),
                    queue("missed-runs"),
                    queue("undelivered-events"),
                ],
            ),
        ],
        vec![
            graph("requests", "Sum", ["requests", "errors", "slow", "token_failures"].map(counted).to_vec()),
            graph("calls to providers, and failed ones", "Sum", providers.map(calls).concat()),
            graph(
                "webhooks, and refused ones",
                "Sum",
                [providers.map(webhooks).concat(), vec![counted("webhooks_failed")]].concat(),
            ),
        ],
        vec![
            found("calls of each function", "Invocations", "Sum"),
            found("failed invocations", "Errors", "Sum"),
            found("duration, p95, ms", "Duration", "p95"),
            found("concurrent", "ConcurrentExecutions", "Maximum"),
        ],
        vec![listed(
            "the newest runs of the jobs",
            "filter message = 'run finished' | fields @timestamp, cron, outcome, due, done, failed, in_doubt, duration, more",
        )],
        vec![listed(
            "the newest errors",
            "filter level = 'error' | fields @timestamp, service, message, reason, route, request_id",
        )],
    ]
}

fn graph(title: &str, statistic: &str, metrics: Vec<Value>) -> Widget {
    ("metric", json!({"title": title, "stat": statistic, "period": 300, "metrics": metrics}))
}

/// A metric of every function that there is.
fn found(title: &str, metric: &str, statistic: &str) -> Widget {
    let search = format!(
        "SEARCH('{{AWS/Lambda,FunctionName}} MetricName=\"{metric}\" FunctionName=${{Stack}}', '{statistic}', 300)"
    );
    let metrics = json!([[{"expression": search, "id": "functions"}]]);
    ("metric", json!({"title": title, "period": 300, "metrics": metrics}))
}

/// The newest lines of the log that a query finds.
fn listed(title: &str, query: &str) -> Widget {
    let query = format!("SOURCE '${{Log}}' | {query} | sort @timestamp desc | limit 50");
    ("log", json!({"title": title, "query": query, "view": "table"}))
}
