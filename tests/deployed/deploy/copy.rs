//! The built template as it is deployed here. Every difference from the real one is in this file, with its
//! reason.

use std::path::{Path, PathBuf};

use serde_yaml_ng::{Mapping, Value};

/// How often every job runs here.
const EVERY_MINUTE: &str = "rate(1 minute)";

/// Writes copies next to the output of `sam build`, and returns the path of the one to deploy.
pub fn write(built: &Path) -> PathBuf {
    change(&built.join("template.yaml"), &built.join("here.yaml"), |template| {
        run_every_minute(template);
        // The emulator has no CodeDeploy, and reads a parameter's default only in conditions.
        template["Parameters"]["Rollout"]["Default"] = "Disabled".into();
        template["Resources"]["Alarms"]["Properties"]["TemplateURL"] = "Alarms/here.yaml".into();
    });
    change(&built.join("Alarms/template.yaml"), &built.join("Alarms/here.yaml"), watch_one_number);
    built.join("here.yaml")
}

fn change(from: &Path, to: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(from)
        .unwrap_or_else(|error| panic!("{}: {error}; infra/check/run aws builds it", from.display()));
    let mut template = serde_yaml_ng::from_str(&text).unwrap();
    change(&mut template);
    // AWS's tools read YAML 1.1, where an OFF without quotes is no text.
    let text = serde_yaml_ng::to_string(&template).unwrap().replace(": OFF\n", ": \"OFF\"\n");
    std::fs::write(to, text).unwrap();
}

/// A test compares the schedules with `vercel.json`; here they only have to fire while the test waits.
fn run_every_minute(template: &mut Value) {
    let mut changed = 0;
    for function in resources(template, "AWS::Serverless::Function") {
        let events = function["Properties"].get_mut("Events").and_then(Value::as_mapping_mut);
        for (_, event) in events.into_iter().flatten() {
            assert_eq!(event["Type"], "ScheduleV2");
            event["Properties"]["ScheduleExpression"] = EVERY_MINUTE.into();
            changed += 1;
        }
    }
    assert_eq!(changed, crate::binaries::jobs().len(), "every job has a schedule");
}

/// The emulator refuses alarms that calculate. They watch the first number of their calculation instead.
fn watch_one_number(alarms: &mut Value) {
    for alarm in resources(alarms, "AWS::CloudWatch::Alarm") {
        let properties = alarm["Properties"].as_mapping_mut().unwrap();
        let Some(metrics) = properties.remove("Metrics") else { continue };
        let numbers = metrics.as_sequence().unwrap().iter();
        let number = numbers.filter_map(|metric| metric.get("MetricStat")).next().expect("a number");
        let named = number["Metric"].as_mapping().unwrap().clone();
        properties.extend(named);
        properties.insert("Period".into(), number["Period"].clone());
        properties.insert("Statistic".into(), number["Stat"].clone());
    }
}

fn resources<'a>(template: &'a mut Value, kind: &'a str) -> impl Iterator<Item = &'a mut Value> {
    let resources: &mut Mapping = template["Resources"].as_mapping_mut().unwrap();
    resources.iter_mut().map(|(_, resource)| resource).filter(move |resource| resource["Type"] == kind)
}
