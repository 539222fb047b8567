//! Compares `template.yaml` and `vercel.json` with the existing functions, their routes and each other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use shared::auth::routes::ROUTES;
use stacks::cloudformation::{FUNCTION, deployed, resources, strings, tagged};
use stacks::repository::{function_folder, functions, template, vercel};

use crate::yaml;

/// The function that a build's or a route's path of Vercel is about.
fn function_of(path: &str) -> Option<&str> {
    let folder = path.trim_start_matches('/').strip_suffix("/src/main.rs")?;
    let name = folder.rsplit('/').next()?;
    (function_folder(name) == folder).then_some(name)
}

/// A route's path as a pattern of Vercel.
fn pattern(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "[^/]+" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[test]
fn both_platforms_deploy_the_functions_that_are_there() {
    let there: BTreeSet<String> = functions().into_iter().collect();
    let template = template();
    let on_aws = deployed(&template);
    assert_eq!(on_aws.keys().cloned().collect::<BTreeSet<_>>(), there);
    for (name, function) in &on_aws {
        assert_eq!(function["Properties"]["CodeUri"], function_folder(name).as_str());
        assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda");
        assert_eq!(function["Properties"]["FunctionUrlConfig"]["AuthType"], "NONE");
    }
    let vercel = vercel();
    let builds = vercel["builds"].as_array().expect("builds");
    let built = builds.iter().map(|build| function_of(build["src"].as_str()?).map(str::to_owned));
    assert_eq!(built.collect::<Option<BTreeSet<_>>>().expect("main.rs of a function"), there);
    assert_eq!(ROUTES.iter().map(|route| route.function.to_owned()).collect::<BTreeSet<_>>(), there);
}

#[test]
fn the_template_lists_every_route_at_its_function() {
    let template = template();
    for (name, function) in deployed(&template) {
        let own = ROUTES.iter().filter(|route| route.function == name);
        let own: BTreeSet<String> = own.map(|route| format!("{} {}", route.method, route.path)).collect();
        assert_eq!(strings(&function["Metadata"]["Routes"]), own, "{name}");
    }
}

#[test]
fn vercel_leads_every_path_to_its_function_and_any_other_nowhere() {
    let vercel = vercel();
    let (last, routes) = vercel["routes"].as_array().expect("routes").split_last().expect("routes");
    assert_eq!((&last["src"], &last["status"]), (&Json::from("/.*"), &Json::from(404)));
    let finding_totals = routes.iter().map(|route| {
        // The function itself answers 405 with `Allow`, so it must see every method.
        assert!(route.get("methods").is_none(), "{route}");
        let function = function_of(route["dest"].as_str().expect("dest")).expect("a function");
        (route["src"].as_str().expect("src").to_owned(), function.to_owned())
    });
    let finding_totals: BTreeMap<String, String> = finding_totals.collect();
    assert_eq!(finding_totals.len(), routes.len(), "a path is listed twice");
    let known = ROUTES.iter().map(|route| (pattern(route.path), route.function.to_owned()));
    assert_eq!(finding_totals, known.collect());
}

#[test]
fn no_path_of_vercel_hides_behind_another_functions_pattern() {
    let vercel = vercel();
    for route in ROUTES {
        let example = route.path.replace(['{', '}'], "");
        let takes = |src: &str| {
            let pattern = src.replace("[^/]+", "*");
            let mut pairs = pattern.split('/').zip(example.split('/'));
            pattern.matches('/').count() == example.matches('/').count()
                && pairs.all(|(part, own)| part == "*" || part == own)
        };
        let mut routes = vercel["routes"].as_array().expect("routes").iter();
        let first = routes.find(|entry| takes(entry["src"].as_str().expect("src"))).expect("a route");
        assert_eq!(function_of(first["dest"].as_str().expect("dest")), Some(route.function), "{example}");
    }
}

#[test]
fn a_function_has_the_same_limits_on_both_platforms() {
    let (template, vercel) = (template(), vercel());
    let globals = &template["Globals"]["Function"];
    for (name, function) in deployed(&template) {
        let limit = |limit: &str| {
            let own = function["Properties"].get(limit);
            own.unwrap_or(&globals[limit]).as_u64().unwrap_or_else(|| panic!("{limit} of {name}"))
        };
        let source = format!("{}/src/main.rs", function_folder(&name));
        let builds = vercel["builds"].as_array().expect("builds");
        let build = builds.iter().find(|build| build["src"] == source.as_str()).expect("a build");
        let there = &build["config"]["functions"][&source];
        assert_eq!(there["maxDuration"], limit("Timeout"), "{name}");
        assert_eq!(there["memory"], limit("MemorySize"), "{name}");
    }
}

#[test]
fn every_function_is_named_after_the_stack_and_outputs_its_url() {
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

/// The settings of every function, from `Globals` or its own, each with the consequence of its absence.
const EVERY_FUNCTION: [(&str, &str, &str); 7] = [
    ("Runtime", "provided.al2023", "the binaries need its libraries"),
    ("Handler", "bootstrap", "what cargo-lambda calls the binary"),
    ("Architectures", "[!Ref Architecture]", "a function of its own processor finds no binary"),
    ("Tracing", "!Ref Tracing", "a trace would have a hole"),
    (
        "AutoPublishAlias",
        "live",
        "its URL and its schedule would go by no alias, and nothing could be turned back",
    ),
    ("PermissionsBoundary", "!Ref Boundary", "it could write into any log of the account"),
    (
        "LoggingConfig",
        "{LogFormat: Text, LogGroup: !Ref Log}",
        "its log would be kept for ever, without a metric filter",
    ),
];

#[test]
fn every_function_has_the_settings_for_safe_runs_and_deployments() {
    let template = template();
    let globals = &template["Globals"]["Function"];
    for (id, function) in resources(&template, FUNCTION) {
        let properties = &function["Properties"];
        for (name, wanted, why) in EVERY_FUNCTION {
            let value = properties.get(name).unwrap_or(&globals[name]);
            assert_eq!(*value, yaml(wanted), "{name} of {id}: {why}");
        }
        assert!(properties.get("DeploymentPreference").is_none(), "{id} has a roll-out of its own");
    }
    let rollout = "{Enabled: !FindInMap [Rollouts, !Ref Rollout, Gradual], Type: !Ref Rollout, \
                   Alarms: [!GetAtt Alarms.Outputs.NewVersion]}";
    assert_eq!(globals["DeploymentPreference"], yaml(rollout));
    let parameters = &template["Parameters"];
    assert_eq!(parameters["Architecture"]["Default"], "arm64");
    assert_eq!(parameters["Tracing"]["AllowedValues"], yaml("[Disabled, Active]"));
}
