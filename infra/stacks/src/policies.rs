//! The rights of a policy, read from a template: exact actions on exact resources. Any other form yields no
//! rights, because it could allow anything.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;

use crate::cloudformation::{mappings, strings, texts};

/// Rights, as [`allowed`] writes them.
pub type Rights = BTreeSet<String>;

/// The rights of a function in the template: an action on the table, an action and an index, or one and the
/// bus. Its other rights are checked in `tests/templates/rights.rs`.
pub fn allowed(function: &Yaml) -> Rights {
    statements_of(function).flat_map(rights_of).collect()
}

/// The statements of a function's own policies.
pub fn statements_of(function: &Yaml) -> impl Iterator<Item = &Yaml> {
    let policies = function["Properties"].get("Policies").and_then(Yaml::as_sequence);
    policies.into_iter().flatten().filter_map(|policy| policy["Statement"].as_sequence()).flatten()
}

/// The rights that one statement grants.
pub fn rights_of(statement: &Yaml) -> Vec<String> {
    let resources = texts(&statement["Resource"]);
    let mut rights = Vec::new();
    for action in strings(&statement["Action"]) {
        if let Some(action) = action.strip_prefix("events:") {
            assert_eq!(resources, BTreeSet::from(["EventBus.Arn"]), "{action}");
            rights.push(format!("{action} EventBus"));
            continue;
        }
        let Some(action) = action.strip_prefix("dynamodb:") else { continue };
        for resource in &resources {
            rights.push(match resource.strip_prefix("${TableInUse.Value}/index/") {
                Some(index) => format!("{action} {index}"),
                None if *resource == "TableInUse.Value" => action.to_owned(),
                None => panic!("{resource} is neither the table nor an index of it"),
            });
        }
    }
    rights
}

/// Every statement in a document.
pub fn statements(document: &Yaml) -> Vec<&Yaml> {
    let mut found = Vec::new();
    mappings(document, &mut found);
    found.into_iter().filter(|mapping| mapping.get("Effect").is_some()).collect()
}
