//! The dashboard: all alarms, then one row per function.

use serde_json::{Value, json};

use crate::alarms::Alarm;
use crate::functions::Function;

/// A dashboard is 24 columns wide.
const COLUMNS: usize = 24;

/// The height of a row.
const HEIGHT: usize = 6;

/// The resource in the stack of the alarms.
pub(crate) fn resource(functions: &[Function], alarms: &[Alarm]) -> String {
    let mut widgets = vec![all(alarms)];
    for (row, function) in functions.iter().enumerate() {
        widgets.extend(of_function(function, (row + 1) * HEIGHT));
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

fn of_function(function: &Function, y: usize) -> Vec<Value> {
    let name = &function.name;
    let deployed = format!("${{Stack}}-{name}");
    let own = |metric: &str| json!(["AWS/Lambda", metric, "FunctionName", deployed]);
    let said = |metric: &str| json!(["${Stack}", metric, "service", name]);
    let duration = |stat: &str| json!(["AWS/Lambda", "Duration", "FunctionName", deployed, {"stat": stat}]);
    let mut graphs = vec![
        ("calls and failures", vec![own("Invocations"), own("Errors"), said("errors")]),
        ("duration, ms", vec![duration("p50"), duration("p95"), duration("Maximum")]),
        ("concurrent, and throttled", vec![own("ConcurrentExecutions"), own("Throttles")]),
    ];
    if function.job.is_some() {
        let run = ["due", "done", "failed", "in_doubt"].map(said).into();
        graphs.push(("what runs did", run));
    }
    let width = COLUMNS / graphs.len();
    let widgets = graphs.into_iter().enumerate().map(|(place, (title, metrics))| {
        json!({
            "type": "metric", "x": place * width, "y": y, "width": width, "height": HEIGHT,
            "properties": {
                "title": format!("{name}: {title}"), "region": "${AWS::Region}", "stat": "Sum", "period": 300,
                "metrics": metrics,
            },
        })
    });
    widgets.collect()
}
