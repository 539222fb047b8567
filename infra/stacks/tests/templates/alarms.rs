//! The alarms, each with an entry in the runbook. `tests/repository/alarms.rs` tests that their metrics are written.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value as Yaml;
use shared::domain::platform::job::JOBS;
use stacks::cloudformation::{mappings, resources, tagged};
use stacks::repository::{functions, read, stack};

use crate::yaml;

const ALARM: &str = "AWS::CloudWatch::Alarm";

/// More than anybody would look through.
const MAX_ALARMS: usize = 30;

/// Minutes in which somebody has to react.
const SEVERITIES: [(&str, u32); 3] = [("P1", 15), ("P2", 120), ("P3", 1_440)];

/// The longest evaluation: a day, or a week with periods of an hour.
const MAX_SECONDS: [u64; 2] = [86_400, 604_800];

fn alarms(stack: &Yaml) -> BTreeMap<String, &Yaml> {
    let named = resources(stack, ALARM).into_iter().map(|(_, alarm)| {
        let name = tagged(&alarm["Properties"]["AlarmName"]).strip_prefix("${Stack}-").expect("a name");
        (name.to_owned(), &alarm["Properties"])
    });
    named.collect()
}

/// The runbook's entries, by their heading.
fn entries(runbook: &str) -> BTreeMap<&str, &str> {
    runbook.split("\n## ").skip(1).filter_map(|entry| entry.split_once('\n')).collect()
}

#[test]
fn the_number_of_alarms_does_not_depend_on_the_functions() {
    let template = read("template.yaml");
    let twin = "\n  Twin: {Type: AWS::Serverless::Function, Metadata: {BuildProperties: {Binary: twin}}, Properties: {}}\n";
    let place = template.find("\n  # ── What could not be run").expect("a place for another function");
    let (before, after) = template.split_at(place);
    let [(_, alarms_of_more), ..] = stacks::files(&format!("{before}{twin}{after}")).unwrap();
    let text = read("infra/alarms.yaml");
    assert_eq!(alarms_of_more, text);
    let count = alarms(&stack("infra/alarms.yaml")).len();
    assert!((1..=MAX_ALARMS).contains(&count), "{count}");
    let jobs = JOBS.map(|job| job.name);
    for name in functions().iter().filter(|name| !jobs.contains(&name.as_str())) {
        assert!(!text.contains(&format!("Value: {name}}}")), "an alarm watches {name} alone");
    }
}

#[test]
fn every_alarm_names_its_severity_and_an_urgent_one_has_urgent_recipients() {
    let (stack, runbook) = (stack("infra/alarms.yaml"), read("docs/runbook.md"));
    let mut entry_severities: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, alarm) in alarms(&stack) {
        let description = alarm["AlarmDescription"].as_str().expect("a description");
        let (severity, minutes) = SEVERITIES
            .into_iter()
            .find(|(severity, minutes)| {
                description.starts_with(&format!("{severity}, react within {minutes} minutes"))
            })
            .unwrap_or_else(|| panic!("{name}: {description}"));
        assert!(minutes > 0);
        let topics = if severity == "P1" { "[!Ref Topic, !Ref UrgentTopic]" } else { "[!Ref Topic]" };
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], yaml(topics), "{actions} of {name}");
        }
        let (_, entry) = description.split_once("docs/runbook.md#").expect("a link");
        let entry = entries(&runbook).keys().find(|title| **title == entry).copied().unwrap_or_default();
        entry_severities.entry(entry).or_default().insert(severity);
    }
    // The entry repeats the severities of its alarms, and the head of the page the minutes.
    for (entry, severities) in entry_severities {
        let text = entries(&runbook)[entry];
        let line = text.lines().find(|line| !line.is_empty()).unwrap_or_default();
        for (severity, _) in SEVERITIES {
            assert_eq!(line.contains(severity), severities.contains(severity), "{severity} in {entry}");
        }
    }
    for (severity, minutes) in SEVERITIES {
        let row = format!("\n| {severity} | {minutes} |");
        assert!(runbook.contains(&row), "the runbook has no row {row}");
    }
}

#[test]
fn every_alarm_has_an_entry_with_instructions_in_the_runbook() {
    let (stack, runbook) = (stack("infra/alarms.yaml"), read("docs/runbook.md"));
    let entries = entries(&runbook);
    let mut linked = BTreeSet::new();
    for (name, alarm) in alarms(&stack) {
        let entry = alarm["AlarmDescription"].as_str().and_then(|text| text.split_once("docs/runbook.md#"));
        let (_, entry) = entry.unwrap_or_else(|| panic!("{name} leads nowhere"));
        assert!(entries.contains_key(entry), "{name} has no entry {entry}");
        linked.insert(entry.to_owned());
    }
    for (title, text) in entries {
        // The entries of alarms are called by their names, the others by a sentence.
        assert_eq!(linked.contains(title), !title.contains(' '), "{title}");
        for part in ["**Means** ", "**Look at** ", "**Do** "] {
            assert!(text.contains(part), "{title} has no part `{part}`");
        }
        assert!(
            text.contains("**Over** ") || !linked.contains(title),
            "{title} does not say when it is over"
        );
    }
}

#[test]
fn an_alarm_has_hysteresis_and_looks_no_further_back_than_it_may() {
    let stack = stack("infra/alarms.yaml");
    // The largest value that a parameter of hours allows.
    let count = |value: &Yaml| value.as_u64().unwrap_or(168);
    for (name, alarm) in alarms(&stack) {
        let mut parts = Vec::new();
        mappings(alarm, &mut parts);
        let periods: BTreeSet<u64> = parts.iter().filter_map(|part| part.get("Period")?.as_u64()).collect();
        assert_eq!(periods.len(), 1, "{name} compares different periods");
        let period = periods.first().copied().unwrap_or_default();
        let (all, beyond) = (count(&alarm["EvaluationPeriods"]), count(&alarm["DatapointsToAlarm"]));
        assert!(beyond <= all && period * all <= MAX_SECONDS[usize::from(period >= 3_600)], "{name}");
        // The length of a queue stays what it is until somebody empties it.
        let is_queue = parts.iter().any(|part| part.get("Namespace").is_some_and(|it| it == "AWS/SQS"));
        assert!(all > 1 || is_queue, "{name} changes with every period");
    }
}

#[test]
fn silence_never_ends_an_alarm_about_what_waits() {
    let stack = stack("infra/alarms.yaml");
    for (name, alarm) in alarms(&stack) {
        let mut parts = Vec::new();
        mappings(alarm, &mut parts);
        let metrics: Vec<&str> = parts.iter().filter_map(|part| part.get("MetricName")?.as_str()).collect();
        let waits = |name: &&&str| {
            name.starts_with("open_") || name.starts_with("oldest_") || **name == "unpaid_and_due"
        };
        let silence = alarm["TreatMissingData"].as_str().expect("a word");
        match name.as_str() {
            "reminders-missed" | "job-misses" | "whop-silent" | "stripe-silent" => {
                assert_eq!(silence, "breaching", "{name}");
            }
            _ if metrics.iter().any(|name| waits(&name)) => assert_eq!(silence, "ignore", "{name}"),
            "jobs-late" | "jobs-failing" | "error-budget-burning" => assert_eq!(silence, "ignore", "{name}"),
            _ => assert_eq!(silence, "notBreaching", "{name}"),
        }
    }
}

#[test]
fn the_alarm_of_a_roll_out_counts_the_lines_of_its_revision_alone() {
    let stack = stack("infra/alarms.yaml");
    let output = tagged(&stack["Outputs"]["NewVersion"]["Value"]);
    let alarm = &stack["Resources"][output]["Properties"];
    assert_eq!(alarm["Dimensions"], yaml("[{Name: revision, Value: !Ref Revision}]"));
    let filters = resources(&stack, "AWS::Logs::MetricFilter").into_iter().filter(|(_, filter)| {
        filter["Properties"]["MetricTransformations"][0]["MetricName"] == alarm["MetricName"]
    });
    let filters: Vec<&Yaml> = filters.map(|(_, filter)| &filter["Properties"]).collect();
    assert_eq!(filters.len(), 2);
    for filter in filters {
        assert_eq!(
            filter["MetricTransformations"][0]["Dimensions"],
            yaml("[{Key: revision, Value: \"$.revision\"}]")
        );
        assert!(filter["FilterPattern"].as_str().is_some_and(|text| text.contains("$.revision = \"*\"")));
    }
}
