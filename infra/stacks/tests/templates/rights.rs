//! The rights of functions: nothing beyond the boundary, on both platforms, and one secret is readable.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;
use stacks::cloudformation::{deployed, mappings, strings, tagged, texts};
use stacks::policies::{Rights, allowed, rights_of, statements};
use stacks::repository::{stack, template};

use crate::policies::SECRET;

#[test]
fn a_function_may_do_nothing_beyond_the_boundary() {
    let template = template();
    let boundary = &template["Resources"]["Boundary"]["Properties"]["PolicyDocument"]["Statement"];
    let boundary = boundary.as_sequence().expect("statements");
    let is_counted = |action: &str| action.starts_with("dynamodb:") || action.starts_with("events:");
    let counted = |statement: &&Yaml| texts(&statement["Action"]).into_iter().all(is_counted);
    let within: Rights = boundary.iter().filter(counted).flat_map(rights_of).collect();
    let mut used = Rights::new();
    for (name, function) in deployed(&template) {
        let rights = allowed(function);
        assert!(rights.is_subset(&within), "{name} may do more than the boundary: {rights:?}");
        used.extend(rights);
        let policies = function["Properties"]["Policies"].as_sequence().expect("policies");
        assert_eq!(tagged(&policies[0]), "ReadSecrets", "{name} cannot read its secrets");
        for statement in policies.iter().flat_map(statements) {
            for action in
                texts(&statement["Action"]).into_iter().filter(|action| !action.starts_with("dynamodb:"))
            {
                let allowed = (name.as_str(), action, texts(&statement["Resource"]));
                assert_eq!(
                    allowed,
                    ("event-publisher", "events:PutEvents", BTreeSet::from(["EventBus.Arn"]))
                );
            }
        }
    }
    assert_eq!(used, within, "the boundary allows what no function does");
}

#[test]
fn the_role_on_vercel_has_the_functions_rights_to_the_table_and_no_others() {
    let (template, vercel) = (template(), stack("infra/vercel.yaml"));
    let mut used: Rights = deployed(&template).values().flat_map(|function| allowed(function)).collect();
    // A bus is the deployer's own there.
    used.remove("PutEvents EventBus");
    let role = &vercel["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
    let statements = role.as_sequence().expect("statements");
    assert_eq!(statements.iter().flat_map(rights_of).collect::<Rights>(), used);
    assert_eq!(vercel["Resources"]["Table"], template["Resources"]["Table"]);
    let trusted = tagged(&vercel["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]);
    let trusted: serde_json::Value = serde_json::from_str(trusted).expect("JSON");
    let condition = &trusted["Statement"][0]["Condition"]["StringEquals"];
    let subject = "owner:${Team}:project:${Project}:environment:${Environment}";
    assert_eq!(condition["oidc.vercel.com/${Team}:sub"], subject);
}

#[test]
fn a_secret_is_in_no_parameter_and_one_secret_is_read() {
    let template = template();
    for (name, parameter) in template["Parameters"].as_mapping().expect("parameters") {
        assert!(parameter.get("NoEcho").is_none(), "{name:?} belongs into the secret");
    }
    let mut found = Vec::new();
    mappings(&template, &mut found);
    let reads = found
        .into_iter()
        .filter(|mapping| strings_of(&mapping["Action"]).contains("secretsmanager:GetSecretValue"));
    let resources: BTreeSet<&str> = reads.flat_map(|statement| texts(&statement["Resource"])).collect();
    assert_eq!(resources, BTreeSet::from([SECRET]));
}

fn strings_of(value: &Yaml) -> BTreeSet<String> {
    if value.is_string() || value.is_sequence() { strings(value) } else { BTreeSet::new() }
}
