//! The alarms of every function, each with an entry in the runbook. `tests/repository/alarms.rs` tests that
//! their metrics are written.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value as Yaml;
use stacks::cloudformation::{deployed, tagged};
use stacks::repository::{read, stack, template};

/// The alarms, by the name that follows that of the stack.
fn alarms(stack: &Yaml) -> BTreeMap<String, &Yaml> {
    let resources = stack["Resources"].as_mapping().expect("resources").values();
    let alarms = resources.filter(|resource| resource["Type"] == "AWS::CloudWatch::Alarm");
    let named = alarms.map(|alarm| {
        let name = tagged(&alarm["Properties"]["AlarmName"]).strip_prefix("${Stack}-").expect("a name");
        (name.to_owned(), &alarm["Properties"])
    });
    named.collect()
}

#[test]
fn every_function_has_its_alarms_and_is_turned_back_by_them() {
    let (template, stack) = (template(), stack("infra/alarms.yaml"));
    let alarms = alarms(&stack);
    for (name, function) in deployed(&template) {
        let is_job = function["Properties"].get("Events").is_some();
        let wanted = ["errors", "slow"]
            .into_iter()
            .chain(["missed", "failed", "in-doubt"].into_iter().filter(|_| is_job));
        for kind in wanted {
            let alarm =
                alarms.get(&format!("{name}-{kind}")).unwrap_or_else(|| panic!("{name} has no {kind}"));
            assert_eq!(tagged(&alarm["AlarmActions"][0]), "Topic", "{name}-{kind} has no action");
            assert_eq!(alarm["TreatMissingData"] == "breaching", kind == "missed", "{name}-{kind}");
        }
        let turned_back_by: Vec<&str> = function["Properties"]["DeploymentPreference"]["Alarms"]
            .as_sequence()
            .expect("alarms")
            .iter()
            .map(tagged)
            .collect();
        for (output, kind) in turned_back_by.iter().zip(["errors", "slow"]) {
            let output = output.strip_prefix("Alarms.Outputs.").expect("an output of the alarms");
            let alarm = tagged(&stack["Outputs"][output]["Value"]);
            let alarm_name = tagged(&stack["Resources"][alarm]["Properties"]["AlarmName"]);
            assert_eq!(alarm_name, format!("${{Stack}}-{name}-{kind}"));
        }
        assert_eq!(turned_back_by.len(), 2, "{name}");
        let row = format!("\"title\":\"{name}: calls and failures\"");
        assert!(
            tagged(&stack["Resources"]["Dashboard"]["Properties"]["DashboardBody"]).contains(&row),
            "{name} is not shown"
        );
    }
}

#[test]
fn every_alarm_has_an_entry_with_instructions_in_the_runbook() {
    let (stack, runbook) = (stack("infra/alarms.yaml"), read("docs/runbook.md"));
    let entries: BTreeMap<&str, &str> =
        runbook.split("\n## ").skip(1).filter_map(|entry| entry.split_once('\n')).collect();
    let mut linked = BTreeSet::new();
    for (name, alarm) in alarms(&stack) {
        let entry = alarm["AlarmDescription"].as_str().and_then(|text| text.split_once("docs/runbook.md#"));
        let (_, entry) = entry.unwrap_or_else(|| panic!("{name} leads nowhere"));
        assert!(entries.contains_key(entry), "{name} has no entry {entry}");
        linked.insert(entry.to_owned());
    }
    for (title, text) in entries {
        for part in ["**Means** ", "**Look at** ", "**Do** "] {
            assert!(text.contains(part), "{title} has no part `{part}`");
        }
        // The comments of alarms contain the alarm's name, the others a sentence.
        assert_eq!(linked.contains(title), !title.contains(' '), "{title}");
    }
}

#[test]
fn one_job_that_does_not_run_is_noticed_within_its_pause() {
    let stack = stack("infra/alarms.yaml");
    for (name, minutes) in [
        ("reminders", 20),
        ("auto-decline", 26 * 60),
        ("reconciliation", 26 * 60),
        ("payouts", 98 * 60),
        ("event-publisher", 15),
    ] {
        let alarm = alarms(&stack)[&format!("{name}-missed")];
        let periods = alarm["EvaluationPeriods"].as_u64().expect("a number");
        let seconds = alarm["Period"].as_u64().expect("a number");
        assert_eq!(periods * seconds, minutes * 60, "{name}");
        // The longest evaluation period of CloudWatch.
        assert!(periods * seconds <= if seconds < 3_600 { 86_400 } else { 604_800 }, "{name}");
    }
}
