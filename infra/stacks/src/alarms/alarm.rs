//! One alarm, and how CloudFormation spells it.

use std::fmt::Write as _;

use super::camel;

/// How soon somebody has to react. The runbook has the same table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Severity {
    /// Nobody is served, or money or messages have waited for too long.
    P1,
    /// A part is not served, or soon will not be.
    P2,
    /// It gets no worse by the next working day.
    P3,
}

impl Severity {
    fn text(self) -> &'static str {
        match self {
            Self::P1 => "P1, react within 15 minutes at any hour.",
            Self::P2 => "P2, react within 120 minutes by day.",
            Self::P3 => "P3, react within 1440 minutes on working days.",
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Metric {
    /// Counted by a metric filter.
    Counted(&'static str),
    /// Counted by a metric filter, for the lines of this deployment.
    OfThisRevision(&'static str),
    /// Embedded in the log lines of a service.
    Embedded { name: &'static str, service: &'static str },
    /// Of a queue of the stack.
    Queue { name: &'static str, queue: &'static str },
    /// Of the table, or of an index of it.
    Table { name: &'static str, index: Option<&'static str> },
}

impl Metric {
    /// Namespace, name and dimensions.
    fn parts(self) -> (&'static str, &'static str, Vec<(&'static str, String)>) {
        match self {
            Self::Counted(name) => ("!Ref Stack", name, Vec::new()),
            Self::OfThisRevision(name) => {
                ("!Ref Stack", name, vec![("revision", "!Ref Revision".to_owned())])
            }
            Self::Embedded { name, service } => ("!Ref Stack", name, vec![("service", service.to_owned())]),
            Self::Queue { name, queue } => {
                ("AWS/SQS", name, vec![("QueueName", format!("!Sub \"${{Stack}}-{queue}\""))])
            }
            Self::Table { name, index } => {
                let table = ("TableName", "!Ref Table".to_owned());
                let index = index.map(|index| ("GlobalSecondaryIndexName", index.to_owned()));
                ("AWS/DynamoDB", name, [table].into_iter().chain(index).collect())
            }
        }
    }

    /// The three as properties, without dimensions where there are none.
    fn properties(self) -> Vec<String> {
        let (namespace, name, dimensions) = self.parts();
        let each = dimensions.iter().map(|(name, value)| format!("{{Name: {name}, Value: {value}}}"));
        let mut properties = vec![format!("Namespace: {namespace}"), format!("MetricName: {name}")];
        if !dimensions.is_empty() {
            properties.push(format!("Dimensions: [{}]", each.collect::<Vec<_>>().join(", ")));
        }
        properties
    }
}

/// What is compared with the threshold.
#[derive(Debug, Clone)]
pub(super) enum Watched {
    One(Metric, &'static str),
    /// An expression over metrics, each with its id and statistic.
    Calculated {
        expression: String,
        metrics: Vec<(&'static str, Metric, &'static str)>,
    },
}

/// How many of the newest periods have to be beyond the threshold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Periods {
    /// Some of so many. One of many rings at once and stays until it has been quiet for that long.
    Of { beyond: u32, all: u32 },
    /// As many in a row as a parameter says.
    Parameter(&'static str),
}

/// What a period without data means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Silence {
    Ok,
    /// The alarm keeps its state, because whoever reports may be the one that is broken.
    KeepsState,
    Rings,
}

/// An alarm of a subject.
pub(crate) struct Alarm {
    /// The name without the stack's prefix.
    pub(crate) name: &'static str,
    pub(super) severity: Severity,
    /// What it means, in one sentence.
    pub(super) meaning: &'static str,
    /// The heading of its entry in the runbook.
    pub(super) entry: &'static str,
    pub(super) watched: Watched,
    pub(super) period_seconds: u32,
    pub(super) periods: Periods,
    /// `> 5`, `< 1`: beyond which it rings.
    pub(super) beyond: (char, u32),
    pub(super) silence: Silence,
    /// The condition of the stack under which it exists.
    pub(super) condition: Option<&'static str>,
}

/// The alarm's id in the stack.
pub(super) fn id(name: &str) -> String {
    format!("{}Alarm", camel(name))
}

impl Alarm {
    pub(super) fn text(&self) -> String {
        let Self { name, severity, meaning, entry, period_seconds, .. } = self;
        let mut text = format!("  {}:\n    Type: AWS::CloudWatch::Alarm\n", id(name));
        if let Some(condition) = self.condition {
            let _ = writeln!(text, "    Condition: {condition}");
        }
        let topics =
            if *severity == Severity::P1 { "[!Ref Topic, !Ref UrgentTopic]" } else { "[!Ref Topic]" };
        let _ = write!(
            text,
            "    Properties:\n      AlarmName: !Sub \"${{Stack}}-{name}\"\n      \
             AlarmDescription: \"{} {meaning} docs/runbook.md#{entry}\"\n      \
             AlarmActions: {topics}\n      OKActions: {topics}\n",
            severity.text()
        );
        match &self.watched {
            Watched::One(metric, statistic) => {
                for property in metric.properties() {
                    let _ = writeln!(text, "      {property}");
                }
                let _ = write!(text, "      Statistic: {statistic}\n      Period: {period_seconds}\n");
            }
            Watched::Calculated { expression, metrics } => {
                let _ = write!(
                    text,
                    "      Metrics:\n        - {{Id: watched, Label: {name}, Expression: \"{expression}\"}}\n"
                );
                for (id, metric, statistic) in metrics {
                    let _ = write!(
                        text,
                        "        - Id: {id}\n          ReturnData: false\n          MetricStat:\n            \
                         Metric: {{{}}}\n            Period: {period_seconds}\n            Stat: {statistic}\n",
                        metric.properties().join(", ")
                    );
                }
            }
        }
        let _ = match self.periods {
            Periods::Of { beyond, all } => {
                write!(text, "      EvaluationPeriods: {all}\n      DatapointsToAlarm: {beyond}\n")
            }
            Periods::Parameter(name) => {
                write!(text, "      EvaluationPeriods: !Ref {name}\n      DatapointsToAlarm: !Ref {name}\n")
            }
        };
        let comparison = if self.beyond.0 == '<' { "LessThanThreshold" } else { "GreaterThanThreshold" };
        let silence = match self.silence {
            Silence::Ok => "notBreaching",
            Silence::KeepsState => "ignore",
            Silence::Rings => "breaching",
        };
        let _ = write!(
            text,
            "      Threshold: {}\n      ComparisonOperator: {comparison}\n      TreatMissingData: {silence}\n",
            self.beyond.1
        );
        text
    }
}
