//! Parameters that are missing or cannot be used: the deployment is refused, with a sentence, before anything is changed.

use serde_yaml_ng::{Mapping, Value};
use shared::providers::client::client;

use super::emulator::Emulator;
use super::stack::{output_text, sam_deploy};
use stacks::repository::{root, template};

/// The deployment's parameters, and the expected output.
fn refusals(template: &Value) -> [(&'static [&'static str], String); 4] {
    let text = |value: &Value| value.as_str().expect("a sentence").to_owned();
    let constraint = |name: &str| text(&template["Parameters"][name]["ConstraintDescription"]);
    let rule = &template["Rules"]["AlarmsHaveRecipient"]["Assertions"][0]["AssertDescription"];
    [
        (&["AlarmMail=you@example.com"], "'WhopAppId' has no Default".to_owned()),
        (&["AlarmMail=you@example.com", "WhopAppId=an-app"], constraint("WhopAppId")),
        (&["AlarmMail=you", "WhopAppId=app_1"], constraint("AlarmMail")),
        (&["WhopAppId=app_1"], text(rule)),
    ]
}

/// The template's parameters and rules over next to nothing, so that no function has to travel.
fn alone(template: &Value) -> Value {
    let mut alone: Mapping = ["AWSTemplateFormatVersion", "Parameters", "Rules"]
        .map(|section| (section.into(), template[section].clone()))
        .into_iter()
        .collect();
    let queue: Value = serde_yaml_ng::from_str("Queue: {Type: AWS::SQS::Queue}").unwrap();
    alone.insert("Resources".into(), queue);
    alone.into()
}

#[tokio::test]
#[ignore = "deploys into an AWS on this machine: infra/check/run deploy"]
async fn a_parameter_that_cannot_be_used_fails_the_deployment_with_its_sentence() {
    let template = template();
    let emulator = Emulator::start(&client().unwrap(), "http://127.0.0.1:9").await;
    let path = root().join("target/parameters.yaml");
    std::fs::write(&path, serde_yaml_ng::to_string(&alone(&template)).unwrap()).unwrap();
    for (parameters, sentence) in refusals(&template) {
        let parameters: Vec<String> = parameters.iter().map(|text| (*text).to_owned()).collect();
        let output = sam_deploy(&emulator, &path, &parameters);
        assert!(!output.status.success(), "{parameters:?}");
        assert!(output_text(&output).contains(&sentence), "{parameters:?}: {}", output_text(&output));
    }
    let output =
        sam_deploy(&emulator, &path, &["AlarmMail=you@example.com".into(), "WhopAppId=app_1".into()]);
    assert!(output.status.success(), "{}", output_text(&output));
}
