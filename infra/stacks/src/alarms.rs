//! `infra/alarms.yaml`: the alarms, their recipients and their metrics.
//!
//! Metrics come from three sources: AWS's own (invocations, crashes, durations, queues), which are free; metrics
//! embedded in log lines, in the stack's namespace and with the function as `service`; and metric filters that
//! count log lines of all functions.

use std::fmt::Write as _;

use crate::dashboard;
use crate::functions::Function;

/// The limit for requests of people.
const SLOW_AFTER_MS: u64 = 2_000;

/// A manual run takes up to forty seconds, which its caller accepts.
const RUNS_BY_HAND: &str = "payout-admin";

/// The percentage of the time limit after which a run counts as slow.
const ALMOST_PERCENT: u64 = 90;

pub(crate) struct Alarm {
    pub(crate) id: String,
    /// The name without the stack's prefix.
    pub(crate) name: String,
    /// The description; the link to the runbook is appended.
    meaning: String,
    entry: &'static str,
    /// The condition, as properties.
    condition: String,
}

const HEAD: &str = r#"# Alarms and the dashboard. Written by `cargo stacks` from template.yaml; a test holds it to that.
# docs/runbook.md has an entry for every alarm: what it means, what to look at, what to do.
AWSTemplateFormatVersion: "2010-09-09"
Description: "justonce: alarms and the dashboard"

Parameters:
  Stack:
    Type: String
    Description: The stack of the functions, whose name is the namespace of their metrics.
  Log:
    Type: String
    Description: The log of all functions.
  AlarmMail:
    Type: String
    Description: The address for alarm mails; may be empty.
  AlarmSlackWorkspace:
    Type: String
    Description: The Slack workspace for alarms; may be empty.
  AlarmSlackChannel:
    Type: String
    Description: The channel there; may be empty.

Conditions:
  TellsByMail: !Not [!Equals [!Ref AlarmMail, ""]]
  TellsSlack: !Not [!Equals [!Ref AlarmSlackChannel, ""]]

Resources:
  # ── Recipients ──
  # Not encrypted with a key of its own: CloudWatch could not publish under AWS's, one of ours costs a dollar a
  # month, and an alarm says the name of a function and a number.
  Topic:
    Type: AWS::SNS::Topic
    Metadata: {checkov: {skip: [{id: CKV_AWS_26, comment: An alarm says the name of a function and a number.}]}}
    Properties:
      TopicName: !Sub "${Stack}-alarms"
  Mail:
    Type: AWS::SNS::Subscription
    Condition: TellsByMail
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: !Ref AlarmMail}
  # The chat needs a role without permissions: it only forwards alarms.
  SlackRole:
    Type: AWS::IAM::Role
    Condition: TellsSlack
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: chatbot.amazonaws.com}, Action: "sts:AssumeRole"}
  Slack:
    Type: AWS::Chatbot::SlackChannelConfiguration
    Condition: TellsSlack
    Properties:
      ConfigurationName: !Sub "${Stack}-alarms"
      SlackWorkspaceId: !Ref AlarmSlackWorkspace
      SlackChannelId: !Ref AlarmSlackChannel
      IamRoleArn: !GetAtt SlackRole.Arn
      GuardrailPolicies: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AWSDenyAll"]
      SnsTopicArns: [!Ref Topic]

  # ── Metric filters ──
"#;

pub(crate) fn stack(functions: &[Function]) -> String {
    let alarms: Vec<Alarm> = functions.iter().flat_map(of_function).chain(of_all()).collect();
    let mut text = HEAD.to_owned();
    for (metric, pattern) in FILTERS {
        text.push_str(&filter(metric, pattern));
    }
    text.push_str("\n  # ── Alarms ──\n");
    for alarm in &alarms {
        text.push_str(&alarm.text());
    }
    text.push_str("\n  # ── Dashboard ──\n");
    text.push_str(&dashboard::resource(functions, &alarms));
    text.push_str("\n# The alarms that roll a new version back, by function.\nOutputs:\n");
    text.push_str("  Dashboard: {Value: !Sub \"https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home#dashboards:name=${Dashboard}\"}\n");
    for function in functions {
        let id = &function.id;
        let _ =
            writeln!(text, "  {id}Errors: {{Value: !Ref {id}Errors}}\n  {id}Slow: {{Value: !Ref {id}Slow}}");
    }
    text
}

/// Metrics and the filter patterns of their log lines.
const FILTERS: [(&str, &str); 5] = [
    ("token_failures", "{ $.token_failures = 1 }"),
    // Oversized bodies are refused before the signature is checked.
    ("webhooks_refused", "{ ($.webhook_failures = 1) && ($.status = 401 || $.status = 413) }"),
    ("webhooks_failed", "{ ($.webhook_failures = 1) && ($.status != 401) && ($.status != 413) }"),
    ("events_set_aside", "{ $.events_set_aside = 1 }"),
    // Jobs report this metric with their run.
    ("left_in_doubt", "{ ($.left_in_doubt = 1) && ($.cron NOT EXISTS) }"),
];

fn filter(metric: &str, pattern: &str) -> String {
    let id = camel(metric);
    format!(
        r#"  {id}:
    Type: AWS::Logs::MetricFilter
    Properties:
      LogGroupName: !Ref Log
      FilterPattern: "{pattern}"
      MetricTransformations: [{{MetricNamespace: !Ref Stack, MetricName: {metric}, MetricValue: "1"}}]
"#
    )
}

fn of_function(function: &Function) -> Vec<Alarm> {
    let Function { id, name, .. } = function;
    let mut alarms = vec![
        Alarm {
            id: format!("{id}Errors"),
            name: format!("{name}-errors"),
            meaning: format!("More than one in a hundred calls of {name} failed within a minute."),
            entry: "errors",
            condition: share_of_errors(name),
        },
        slow(function),
    ];
    let Some(job) = function.job else { return alarms };
    let (period_seconds, periods) = match job.late_after_minutes {
        minutes if minutes <= 24 * 60 => (300, (minutes + 4) / 5),
        // CloudWatch allows longer periods only in steps of an hour, up to a week.
        minutes => (3_600, (minutes + 59) / 60),
    };
    alarms.push(Alarm {
        id: format!("{id}Missed"),
        name: format!("{name}-missed"),
        meaning: format!("No run of {name} has ended for {} minutes.", job.late_after_minutes),
        entry: "missed",
        condition: format!(
            "{}      Statistic: SampleCount\n      Period: {period_seconds}\n      EvaluationPeriods: {periods}\n      \
             Threshold: 1\n      ComparisonOperator: LessThanThreshold\n      TreatMissingData: breaching\n",
            embedded("done", name)
        ),
    });
    for (metric, entry, what) in [
        ("failed", "failed", "could not be processed and is tried again"),
        ("in_doubt", "in-doubt", "may or may not have been sent"),
    ] {
        alarms.push(Alarm {
            id: format!("{id}{}", camel(metric)),
            name: format!("{name}-{entry}"),
            meaning: format!("In a run of {name} something {what}."),
            entry,
            condition: format!("{}{}", embedded(metric, name), any_within(300)),
        });
    }
    alarms
}

fn slow(Function { id, name, timeout_seconds, job }: &Function) -> Alarm {
    let is_run = job.is_some() || name == RUNS_BY_HAND;
    let after_ms = if is_run { timeout_seconds * 10 * ALMOST_PERCENT } else { SLOW_AFTER_MS };
    Alarm {
        id: format!("{id}Slow"),
        name: format!("{name}-slow"),
        meaning: format!(
            "In three of five minutes one in twenty calls of {name} took longer than {after_ms} ms."
        ),
        entry: "slow",
        condition: format!(
            "      Namespace: AWS/Lambda\n      MetricName: Duration\n      \
             Dimensions: [{{Name: FunctionName, Value: !Sub \"${{Stack}}-{name}\"}}]\n      \
             ExtendedStatistic: p95\n      Period: 60\n      EvaluationPeriods: 5\n      DatapointsToAlarm: 3\n      \
             Threshold: {after_ms}\n      ComparisonOperator: GreaterThanThreshold\n      TreatMissingData: notBreaching\n"
        ),
    }
}

/// The share of failed calls: answers with an error, crashes, timeouts and failed starts.
fn share_of_errors(name: &str) -> String {
    let lambda = |id: &str, metric: &str| {
        format!(
            "        - Id: {id}\n          ReturnData: false\n          MetricStat:\n            \
             Metric: {{Namespace: AWS/Lambda, MetricName: {metric}, Dimensions: [{{Name: FunctionName, Value: !Sub \"${{Stack}}-{name}\"}}]}}\n            \
             Period: 60\n            Stat: Sum\n"
        )
    };
    format!(
        "      Metrics:\n        - {{Id: share, Label: \"% failed\", Expression: \"100 * (FILL(answers, 0) + FILL(crashes, 0)) / calls\"}}\n        \
         - Id: answers\n          ReturnData: false\n          MetricStat:\n            \
         Metric: {{Namespace: !Ref Stack, MetricName: errors, Dimensions: [{{Name: service, Value: {name}}}]}}\n            \
         Period: 60\n            Stat: Sum\n{}{}      EvaluationPeriods: 1\n      Threshold: 1\n      \
         ComparisonOperator: GreaterThanThreshold\n      TreatMissingData: notBreaching\n",
        lambda("crashes", "Errors"),
        lambda("calls", "Invocations"),
    )
}

fn of_all() -> Vec<Alarm> {
    let queue = |name: &str| {
        format!(
            "      Namespace: AWS/SQS\n      MetricName: ApproximateNumberOfMessagesVisible\n      \
             Dimensions: [{{Name: QueueName, Value: !Sub \"${{Stack}}-{name}\"}}]\n{}",
            any_within(300).replace("Statistic: Sum", "Statistic: Maximum")
        )
    };
    let metric_of_stack = |metric: &str| format!("      Namespace: !Ref Stack\n      MetricName: {metric}\n");
    let longer_than = |seconds: u32| {
        let threshold = format!("Threshold: {seconds}");
        any_within(300).replace("Statistic: Sum", "Statistic: Maximum").replace("Threshold: 0", &threshold)
    };
    [
        (
            "missed-runs",
            "A scheduled invocation could not be delivered, or a run failed twice.",
            queue("missed-runs"),
        ),
        ("undelivered-events", "A domain event did not reach a target.", queue("undelivered-events")),
        (
            "token-failures",
            "More than fifty calls a minute failed to authenticate.",
            format!(
                "{}{}",
                metric_of_stack("token_failures"),
                any_within(60).replace("Threshold: 0", "Threshold: 50")
            ),
        ),
        (
            "webhooks-refused",
            "More than ten webhooks in five minutes had no valid signature or were too large.",
            format!(
                "{}{}",
                metric_of_stack("webhooks_refused"),
                any_within(300).replace("Threshold: 0", "Threshold: 10")
            ),
        ),
        (
            "webhooks-failed",
            "A signed webhook was rejected.",
            format!("{}{}", metric_of_stack("webhooks_failed"), any_within(300)),
        ),
        (
            "events-set-aside",
            "A stored event cannot be applied and waits for a person.",
            format!("{}{}", metric_of_stack("events_set_aside"), any_within(300)),
        ),
        (
            "left-in-doubt",
            "An effect requested by hand may or may not have been sent.",
            format!("{}{}", metric_of_stack("left_in_doubt"), any_within(300)),
        ),
        (
            "reminders-late",
            "A reminder was sent more than an hour late.",
            format!("{}{}", embedded("late", "reminders"), longer_than(3_600)),
        ),
        (
            "events-unsent",
            "A domain event has waited for the bus for more than a quarter of an hour.",
            format!("{}{}", embedded("oldest_unsent", "event-publisher"), longer_than(900)),
        ),
    ]
    .into_iter()
    .map(|(entry, meaning, condition)| Alarm {
        id: format!("{}Alarm", camel(entry)),
        name: entry.to_owned(),
        meaning: meaning.to_owned(),
        entry,
        condition,
    })
    .collect()
}

fn embedded(metric: &str, service: &str) -> String {
    format!(
        "      Namespace: !Ref Stack\n      MetricName: {metric}\n      \
         Dimensions: [{{Name: service, Value: {service}}}]\n"
    )
}

/// A condition of more than zero within the period; missing data counts as zero.
fn any_within(period_seconds: u32) -> String {
    format!(
        "      Statistic: Sum\n      Period: {period_seconds}\n      EvaluationPeriods: 1\n      Threshold: 0\n      \
         ComparisonOperator: GreaterThanThreshold\n      TreatMissingData: notBreaching\n"
    )
}

impl Alarm {
    fn text(&self) -> String {
        let Self { id, name, meaning, entry, condition } = self;
        format!(
            "  {id}:\n    Type: AWS::CloudWatch::Alarm\n    Properties:\n      AlarmName: !Sub \"${{Stack}}-{name}\"\n      \
             AlarmDescription: \"{meaning} docs/runbook.md#{entry}\"\n      AlarmActions: [!Ref Topic]\n      \
             OKActions: [!Ref Topic]\n{condition}"
        )
    }
}

/// An identifier for CloudFormation.
fn camel(text: &str) -> String {
    let parts = text.split(['-', '_']).map(|part| part[..1].to_uppercase() + &part[1..]);
    parts.collect()
}
