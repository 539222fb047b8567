//! The AWS deployment as a whole: rights, parameters, and the stacks beside the table of contents.

use std::collections::BTreeSet;

use serde_yaml_ng::Value as Yaml;

use crate::deployment::{deployed, strings, tagged};
use crate::policies::{Rights, SECRET, allowed, rights_of, statements, texts};
use support::repository::{read, template};

/// Every template there is.
pub const STACKS: [&str; 4] =
    ["template.yaml", "infra/alarms.yaml", "infra/cloudfront.yaml", "infra/vercel.yaml"];

/// A stack of the deployment.
pub fn stack(path: &str) -> Yaml {
    serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
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
fn a_role_on_vercel_may_do_to_the_table_what_functions_may_and_nothing_else() {
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

/// Lambda's limit for a whole environment.
const MAX_ENVIRONMENT_BYTES: u64 = 4_096;

#[test]
fn the_environment_fits_however_long_its_parameters_are() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let bytes = variables.as_mapping().expect("variables").iter().map(|(name, value)| {
        let parameter = template["Parameters"].get(tagged(value));
        // What is no parameter is the name of a resource.
        let value = parameter.map_or(128, |parameter| parameter["MaxLength"].as_u64().expect("a length"));
        name.as_str().expect("a name").len() as u64 + value
    });
    let bytes: u64 = bytes.sum();
    assert!(bytes < MAX_ENVIRONMENT_BYTES, "{bytes} bytes");
}

#[test]
fn a_parameter_that_cannot_be_used_is_refused_with_a_sentence_of_its_own() {
    for (name, parameter) in template()["Parameters"].as_mapping().expect("parameters") {
        let name = name.as_str().expect("a name");
        let is_limited = ["AllowedPattern", "MinValue"].iter().any(|limit| parameter.get(*limit).is_some());
        let said = parameter["ConstraintDescription"].as_str();
        assert_eq!(
            is_limited,
            said.is_some_and(|said| said.starts_with(name) && said.ends_with('.')),
            "{name}"
        );
        if let Some(pattern) = parameter["AllowedPattern"].as_str() {
            assert!(pattern.starts_with('^') && pattern.ends_with('$'), "{name}: part of a value would do");
        }
        let is_closed = is_limited
            || parameter.get("AllowedValues").is_some()
            || name == "WhopUserTokenPublicKey"
            || name == "OidcClientId";
        assert!(is_closed, "{name} takes anything");
    }
}

#[test]
fn every_function_is_named_after_the_stack_and_says_where_it_answers() {
    let template = template();
    for (id, resource) in template["Resources"].as_mapping().expect("resources") {
        let (id, binary) =
            (id.as_str().expect("an id"), resource["Metadata"]["BuildProperties"]["Binary"].as_str());
        let Some(name) = binary else { continue };
        let properties = &resource["Properties"];
        assert_eq!(tagged(&properties["FunctionName"]), format!("${{AWS::StackName}}-{name}"));
        assert_eq!(tagged(&properties["VersionDescription"]), "Revision ${Revision}", "{name}");
        let url = &template["Outputs"][format!("{id}Url").as_str()]["Value"];
        assert_eq!(tagged(url), format!("{id}Url.FunctionUrl"), "{name}");
    }
}

#[test]
fn cloudfront_leads_to_the_functions_that_the_template_hands_it() {
    let (template, cloudfront) = (template(), stack("infra/cloudfront.yaml"));
    let handed =
        template["Resources"]["CloudFront"]["Properties"]["Parameters"].as_mapping().expect("parameters");
    let taken = cloudfront["Parameters"].as_mapping().expect("parameters");
    let names = |mapping: &serde_yaml_ng::Mapping| -> BTreeSet<String> {
        mapping.keys().map(|name| name.as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(handed), names(taken));
    for (name, value) in
        handed.iter().filter(|(_, value)| matches!(value, Yaml::Tagged(tagged) if tagged.tag == "Select"))
    {
        let url = format!("{}Url.FunctionUrl", name.as_str().expect("a name"));
        let text = serde_yaml_ng::to_string(value).expect("YAML");
        assert!(text.contains(&url), "{text} is not {url}");
    }
}
