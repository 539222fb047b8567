//! The two tables of contents, `template.yaml` and `vercel.json`, held against the code and each other.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Duration, Utc};
use local::schedule::Expression;
use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;
use shared::auth::Access;
use shared::auth::routes::ROUTES;
use shared::config::{NAMES, Need};
use shared::domain::platform::job::{JOBS, Rhythm};
use shared::store::definition::{DEFINITION_VERSION, INDEXES, TABLE_KEYS};
use shared::store::keys;

use support::repository::{function_folder, functions, read, read_of, template, vercel};

/// The functions of the template, by the name of their binary.
pub fn deployed(template: &Yaml) -> BTreeMap<String, &Yaml> {
    let resources = template["Resources"].as_mapping().expect("Resources");
    let functions = resources.values().filter(|resource| resource["Type"] == "AWS::Serverless::Function");
    let named = functions.map(|function| {
        let binary = function["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
        (binary.to_owned(), function)
    });
    named.collect()
}

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

pub fn strings(value: &Yaml) -> BTreeSet<String> {
    let one = value.as_str().map(str::to_owned);
    let many = value.as_sequence().into_iter().flatten().map(|item| item.as_str().expect("text").to_owned());
    one.into_iter().chain(many).collect()
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
fn both_platforms_start_the_same_jobs_at_the_same_times() {
    let schedules = local::schedule::read(&read("template.yaml"), &read("vercel.json")).expect("one plan");
    let jobs = schedules.iter().map(|schedule| {
        let mut rows = ROUTES.iter();
        let row = rows.find(|row| row.path == schedule.path && row.method == schedule.method.as_str());
        let row = row.unwrap_or_else(|| panic!("{} has no row in ROUTES", schedule.path));
        assert_eq!(row.access, Access::Scheduler, "{}", schedule.path);
        let main = read_of(row.function, "src/main.rs");
        assert!(main.contains(&format!("job_path: Some(\"{}\")", schedule.path)), "{}", schedule.path);
        row.function.to_owned()
    });
    let jobs: BTreeSet<String> = jobs.collect();
    let has_a_job = |name: &String| read_of(name, "src/main.rs").contains("job_path: Some(");
    assert_eq!(jobs, functions().into_iter().filter(has_a_job).collect());
}

#[test]
fn a_monitor_expects_a_job_when_both_platforms_start_it() {
    let schedules = local::schedule::read(&read("template.yaml"), &read("vercel.json")).expect("one plan");
    let (from, until): (DateTime<Utc>, DateTime<Utc>) = (MONTH.0.parse().unwrap(), MONTH.1.parse().unwrap());
    for job in JOBS {
        let schedule = schedules.iter().find(|schedule| schedule.job == job.name).expect("a schedule");
        let (crontab, offset) = match job.rhythm {
            Rhythm::Utc(crontab) => (crontab, Duration::zero()),
            Rhythm::PayoutZone(crontab) => (crontab, BOGOTA),
            Rhythm::Daily => {
                let times: Vec<_> = schedule.expression.between(from, until).collect();
                assert!(times.windows(2).all(|pair| (pair[1] - pair[0]).num_hours() == 24), "{}", job.name);
                continue;
            }
        };
        // The crontab is read by the clock of its zone, which is compared as if it were UTC.
        let by_its_clock = |at: DateTime<Utc>| at + offset;
        let planned: Vec<_> = schedule.expression.between(from, until).map(by_its_clock).collect();
        let monitor = Expression::parse_vercel(crontab).expect("five fields");
        let expected: Vec<_> = monitor.between(by_its_clock(from), by_its_clock(until)).collect();
        assert!(!planned.is_empty() && planned == expected, "{}", job.name);
    }
}

#[test]
fn the_table_of_the_template_is_the_one_of_the_code() {
    let template = template();
    let table = &template["Resources"]["Table"]["Properties"];
    let schema = |value: &Yaml| -> Vec<(String, String)> {
        let element = |element: &Yaml, name: &str| element[name].as_str().expect("text").to_owned();
        let elements = value.as_sequence().expect("a key schema").iter();
        elements.map(|key| (element(key, "AttributeName"), element(key, "KeyType"))).collect()
    };
    let keyed = |hash: &str, range: &str| {
        vec![(hash.to_owned(), "HASH".to_owned()), (range.to_owned(), "RANGE".to_owned())]
    };
    assert_eq!(schema(&table["KeySchema"]), keyed(TABLE_KEYS.0, TABLE_KEYS.1));
    let indexes = table["GlobalSecondaryIndexes"].as_sequence().expect("indexes");
    let in_template: BTreeMap<String, _> = indexes
        .iter()
        .map(|index| {
            assert_eq!(index["Projection"]["ProjectionType"], "KEYS_ONLY");
            (index["IndexName"].as_str().expect("a name").to_owned(), schema(&index["KeySchema"]))
        })
        .collect();
    let in_code = INDEXES.iter().map(|(name, hash, range)| ((*name).to_owned(), keyed(hash, range)));
    assert_eq!(in_template, in_code.collect());
    let attributes = table["AttributeDefinitions"].as_sequence().expect("attributes").iter();
    let attributes: BTreeSet<&str> = attributes
        .map(|attribute| {
            assert_eq!(attribute["AttributeType"], "S");
            attribute["AttributeName"].as_str().expect("a name")
        })
        .collect();
    let pairs = INDEXES.iter().map(|(_, hash, range)| (*hash, *range)).chain([TABLE_KEYS]);
    assert_eq!(attributes, pairs.flat_map(|(hash, range)| [hash, range]).collect());
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], keys::TTL);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
}

/// What each version of the table's definition is: keys, indexes, time limit. Lines are added, never changed.
const DEFINITIONS: &[(u32, &str)] = &[(
    1,
    "pk sk, due: due_shard due_at, list: list_pk list_sk, list_status: list_status_pk list_sk, \
     professional: professional_pk professional_sk, customer: customer_pk customer_sk, time limit: expires_at",
)];

#[test]
fn the_definition_of_the_table_is_not_changed_under_the_same_version() {
    let indexes = INDEXES.map(|(name, hash, range)| format!("{name}: {hash} {range}, ")).concat();
    let now = format!("{} {}, {indexes}time limit: {}", TABLE_KEYS.0, TABLE_KEYS.1, keys::TTL);
    let (newest, known) = DEFINITIONS.last().expect("a version");
    let next = newest + 1;
    assert!(
        now == *known && DEFINITION_VERSION == *newest,
        "the table's definition is another one than version {newest}: set DEFINITION_VERSION and the tag \
         `definition-version` in template.yaml to {next}, add ({next}, \"{now}\") to DEFINITIONS, run `cargo stacks`, \
         and read docs/migrations.md: an index is added in a deployment before the code that asks it"
    );
    assert!(DEFINITIONS.is_sorted_by(|one, other| one.0 + 1 == other.0 && one.1 != other.1));
    let template = template();
    let tags = template["Resources"]["Table"]["Properties"]["Tags"].as_sequence().expect("tags");
    let mut tags = tags.iter().filter(|tag| tag["Key"] == "definition-version");
    let tag = tags.next().and_then(|tag| tag["Value"].as_str()).expect("the version");
    assert_eq!(tag, DEFINITION_VERSION.to_string(), "the tag of the table in template.yaml");
}

/// How far the clocks of the default zone are from UTC, all year round.
const BOGOTA: Duration = Duration::hours(-5);

/// A month in which every job runs.
const MONTH: (&str, &str) = ("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z");

/// What only this platform hands over: where the secrets are, and where domain events go.
const AWS_ONLY: [&str; 2] = ["EVENT_BUS_NAME", "SECRETS_ID"];

/// What stands in for what Lambda sets by itself.
const ELSEWHERE_ONLY: [&str; 2] = ["TABLE_REGION", "TABLE_ACCESS_KEY_ID"];

#[test]
fn the_template_sets_every_name_that_the_code_reads_but_the_secrets_and_no_other() {
    let template = template();
    let set = template["Globals"]["Function"]["Environment"]["Variables"].as_mapping().expect("variables");
    let set: BTreeSet<&str> = set.keys().map(|name| name.as_str().expect("a name")).collect();
    // Region, credentials and the SDK's own end points are Lambda's to set, or nobody's.
    let plain = NAMES.iter().filter(|name| {
        !name.secret && !name.name.starts_with("AWS_") && !ELSEWHERE_ONLY.contains(&name.name)
    });
    assert_eq!(set, plain.map(|name| name.name).chain(AWS_ONLY).collect());
    for (name, function) in deployed(&template) {
        assert!(function["Properties"].get("Environment").is_none(), "{name} has an environment of its own");
    }
}

#[test]
fn what_everybody_needs_is_asked_for_and_everything_else_has_a_value() {
    let template = template();
    let needed =
        NAMES.iter().filter(|name| matches!(name.need, Need::Start | Need::Always)).map(|name| name.name);
    let needed: BTreeSet<&str> = needed.collect();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    for (name, value) in variables.as_mapping().expect("variables") {
        let name = name.as_str().expect("a name");
        let Some(parameter) = template["Parameters"].get(tagged(value)) else { continue };
        assert_eq!(parameter.get("Default").is_none(), needed.contains(name), "{name}");
    }
}

/// What a tag such as `!Ref` is about.
pub fn tagged(value: &Yaml) -> &str {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str().unwrap_or_default(),
        value => value.as_str().unwrap_or_default(),
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
