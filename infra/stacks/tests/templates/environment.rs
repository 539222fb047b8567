//! The variables of the functions: every name that the code reads, and no secret.

use std::collections::BTreeSet;

use shared::config::{NAMES, Requirement};
use stacks::cloudformation::{deployed, tagged};
use stacks::repository::template;

/// Variables that only this platform sets: the secrets' ARN and the event bus.
const AWS_ONLY: [&str; 2] = ["EVENT_BUS_NAME", "SECRETS_ID"];

/// Replacements for what Lambda sets by itself.
const ELSEWHERE_ONLY: [&str; 2] = ["TABLE_REGION", "TABLE_ACCESS_KEY_ID"];

#[test]
fn the_template_sets_every_name_that_the_code_reads_but_the_secrets_and_no_other() {
    let template = template();
    let set = template["Globals"]["Function"]["Environment"]["Variables"].as_mapping().expect("variables");
    let set: BTreeSet<&str> = set.keys().map(|name| name.as_str().expect("a name")).collect();
    // Lambda sets region and credentials; the SDK's endpoints are never set.
    let plain = NAMES.iter().filter(|name| {
        !name.secret && !name.name.starts_with("AWS_") && !ELSEWHERE_ONLY.contains(&name.name)
    });
    assert_eq!(set, plain.map(|name| name.name).chain(AWS_ONLY).collect());
    for (name, function) in deployed(&template) {
        assert!(function["Properties"].get("Environment").is_none(), "{name} has an environment of its own");
    }
}

#[test]
fn required_variables_are_parameters_and_all_others_have_a_default() {
    let template = template();
    let needed = NAMES
        .iter()
        .filter(|name| matches!(name.requirement, Requirement::Start | Requirement::Production))
        .map(|name| name.name);
    let needed: BTreeSet<&str> = needed.collect();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    for (name, value) in variables.as_mapping().expect("variables") {
        let name = name.as_str().expect("a name");
        let Some(parameter) = template["Parameters"].get(tagged(value)) else { continue };
        assert_eq!(parameter.get("Default").is_none(), needed.contains(name), "{name}");
    }
}

/// Lambda's limit for a whole environment.
const MAX_ENVIRONMENT_BYTES: u64 = 4_096;

#[test]
fn the_environment_fits_however_long_its_parameters_are() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let bytes = variables.as_mapping().expect("variables").iter().map(|(name, value)| {
        let parameter = template["Parameters"].get(tagged(value));
        // A name that is no parameter is that of a resource.
        let value = parameter.map_or(128, |parameter| parameter["MaxLength"].as_u64().expect("a length"));
        name.as_str().expect("a name").len() as u64 + value
    });
    let bytes: u64 = bytes.sum();
    assert!(bytes < MAX_ENVIRONMENT_BYTES, "{bytes} bytes");
}
