//! Reads parts of a template by CloudFormation's names. An unexpected form panics, because no conclusion may
//! be drawn from it.

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml_ng::Value as Yaml;

/// The logical id of a function.
pub const FUNCTION: &str = "AWS::Serverless::Function";

/// The functions of the template, by the name of their binary.
pub fn deployed(template: &Yaml) -> BTreeMap<String, &Yaml> {
    let named = resources(template, FUNCTION).into_iter().map(|(_, function)| {
        let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
        (binary.to_owned(), function)
    });
    named.collect()
}

/// Every resource of a type, by its id.
pub fn resources<'a>(document: &'a Yaml, kind: &str) -> Vec<(&'a str, &'a Yaml)> {
    let all = document["Resources"].as_mapping().expect("Resources").iter();
    let all = all.map(|(id, resource)| (id.as_str().expect("an id"), resource));
    all.filter(|(_, resource)| resource["Type"] == *kind).collect()
}

/// Every mapping in a document, tags taken off.
pub fn mappings<'a>(value: &'a Yaml, found: &mut Vec<&'a Yaml>) {
    match value {
        Yaml::Tagged(tagged) => mappings(&tagged.value, found),
        Yaml::Sequence(items) => items.iter().for_each(|item| mappings(item, found)),
        Yaml::Mapping(entries) => {
            found.push(value);
            entries.values().for_each(|value| mappings(value, found));
        }
        _ => {}
    }
}

/// One text or several.
pub fn strings(value: &Yaml) -> BTreeSet<String> {
    let one = value.as_str().map(str::to_owned);
    let many = value.as_sequence().into_iter().flatten().map(|item| item.as_str().expect("text").to_owned());
    one.into_iter().chain(many).collect()
}

/// One text or several, tags taken off.
pub fn texts(value: &Yaml) -> BTreeSet<&str> {
    match value {
        Yaml::Sequence(items) => items.iter().map(tagged).collect(),
        one => BTreeSet::from([tagged(one)]),
    }
}

/// The argument of a tag such as `!Ref`.
pub fn tagged(value: &Yaml) -> &str {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str().unwrap_or_default(),
        value => value.as_str().unwrap_or_default(),
    }
}
