//! What every function, schedule, job and queue of `template.yaml` has, and the table: what it takes to notice
//! trouble, to repeat what failed, and to lose nothing. Each is easily forgotten with the next function.

use serde_yaml_ng::Value as Yaml;
use shared::domain::platform::job::{JOBS, Job, Rhythm};
use shared::store::keys;

use crate::stacks::{STACKS, stack};
use support::repository::template;

/// What every function has, from `Globals` or of its own, each with what goes wrong without it.
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
        "its log would be kept for ever, and no alarm hear it",
    ),
];

/// What the table has beside its keys and indexes.
const TABLE: [(&str, &str); 4] = [
    ("BillingMode", "PAY_PER_REQUEST"),
    ("DeletionProtectionEnabled", "true"),
    ("PointInTimeRecoverySpecification", "{PointInTimeRecoveryEnabled: true}"),
    ("SSESpecification", "{SSEEnabled: true}"),
];

/// How old a tick may get: the next one does what it would have done.
const MAX_AGE_SECONDS: u64 = 3_600;

/// For how long an undelivered message is kept: the most that SQS knows.
const KEPT_SECONDS: u64 = 14 * 24 * 60 * 60;

fn yaml(text: &str) -> Yaml {
    serde_yaml_ng::from_str(text).expect("YAML")
}

/// Every resource of a type, by its id.
fn resources<'a>(document: &'a Yaml, kind: &str) -> Vec<(&'a str, &'a Yaml)> {
    let all = document["Resources"].as_mapping().expect("Resources").iter();
    let all = all.map(|(id, resource)| (id.as_str().expect("an id"), resource));
    all.filter(|(_, resource)| resource["Type"] == *kind).collect()
}

fn functions(template: &Yaml) -> Vec<(&str, &Yaml)> {
    resources(template, "AWS::Serverless::Function")
}

/// The functions that a schedule starts: id, job, properties.
fn jobs(template: &Yaml) -> Vec<(&str, Job, &Yaml)> {
    let started = functions(template)
        .into_iter()
        .filter(|(_, resource)| resource["Properties"].get("Events").is_some());
    let named = started.map(|(id, resource)| {
        let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str().expect("a binary");
        (id, Job::named(name).unwrap_or_else(|| panic!("{name} is not in JOBS")), &resource["Properties"])
    });
    named.collect()
}

#[test]
fn every_function_has_what_makes_it_safe_to_run_and_to_replace() {
    let template = template();
    let globals = &template["Globals"]["Function"];
    for (id, function) in functions(&template) {
        let properties = &function["Properties"];
        for (name, wanted, why) in EVERY_FUNCTION {
            let value = properties.get(name).unwrap_or(&globals[name]);
            assert_eq!(*value, yaml(wanted), "{name} of {id}: {why}");
        }
        let own: Vec<&Yaml> =
            properties["DeploymentPreference"].as_mapping().expect("alarms").keys().collect();
        assert_eq!(own, ["Alarms"], "{id} has a roll-out of its own");
    }
    let rollout = "{Enabled: !FindInMap [Rollouts, !Ref Rollout, Gradual], Type: !Ref Rollout}";
    assert_eq!(globals["DeploymentPreference"], yaml(rollout));
    let parameters = &template["Parameters"];
    assert_eq!(parameters["Architecture"]["Default"], "arm64");
    assert_eq!(parameters["Tracing"]["AllowedValues"], yaml("[Disabled, Active]"));
}

#[test]
fn every_log_is_cleared_away_some_day() {
    let template = template();
    let days = &template["Parameters"]["LogRetentionDays"]["AllowedValues"];
    assert!(days.as_sequence().expect("days").iter().all(|days| days.as_u64() > Some(0)), "{days:?}");
    let stacks = STACKS.map(stack);
    let logs: Vec<_> = stacks.iter().flat_map(|stack| resources(stack, "AWS::Logs::LogGroup")).collect();
    assert!(logs.iter().any(|(id, _)| *id == "Log"), "the log of all functions is Lambda's own");
    for (id, log) in logs {
        assert_eq!(log["Properties"]["RetentionInDays"], yaml("!Ref LogRetentionDays"), "{id}");
    }
}

/// Nothing of a schedule is left to what AWS does without it: 185 retries for a day, no time zone, no letter box.
#[test]
fn every_schedule_names_its_planned_time_and_its_end() {
    let template = template();
    let jobs = jobs(&template);
    assert_eq!(jobs.len(), JOBS.len());
    for (id, Job { name, rhythm, .. }, properties) in jobs {
        let events = properties["Events"].as_mapping().expect("events");
        let [schedule] = events.values().collect::<Vec<_>>()[..] else { panic!("{name} has {events:?}") };
        assert_eq!(schedule["Type"], "ScheduleV2", "{name}");
        let zone = match rhythm {
            Rhythm::Utc(_) => "UTC",
            Rhythm::PayoutZone(_) | Rhythm::Daily => "!Ref PayoutTimeZone",
        };
        let wanted = yaml(&format!(
            r#"
Name: !Sub "${{AWS::StackName}}-{name}"
ScheduleExpression: !Ref {id}Schedule
ScheduleExpressionTimezone: {zone}
FlexibleTimeWindow: {{Mode: "OFF"}}
Input: '{{"job": "{name}", "scheduled_at": "<aws.scheduler.scheduled-time>"}}'
RetryPolicy: {{MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: {}}}
DeadLetterConfig: {{Arn: !GetAtt MissedRuns.Arn}}
"#,
            max_age(properties)
        ));
        assert_eq!(schedule["Properties"], wanted, "{name}");
        let pattern = &template["Parameters"][format!("{id}Schedule").as_str()]["AllowedPattern"];
        assert_eq!(*pattern, "^(cron|rate)[(].+[)]$", "{name}");
    }
}

/// For how long a run of the job may be tried.
fn max_age(properties: &Yaml) -> u64 {
    let seconds =
        properties["EventInvokeConfig"]["MaximumEventAgeInSeconds"].as_u64().expect("a limit of its own");
    assert!((60..=MAX_AGE_SECONDS).contains(&seconds), "{seconds} s");
    seconds
}

#[test]
fn every_job_runs_once_at_a_time_and_its_failures_are_kept() {
    let template = template();
    for (_, Job { name, .. }, properties) in jobs(&template) {
        // A tick of the reminders may begin before the one before has ended.
        let at_a_time = if name == "reminders" { 2 } else { 1 };
        assert_eq!(properties["ReservedConcurrentExecutions"], at_a_time, "{name}");
        let wanted = format!(
            "{{MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: {}, \
             DestinationConfig: {{OnFailure: {{Type: SQS, Destination: !GetAtt MissedRuns.Arn}}}}}}",
            max_age(properties)
        );
        assert_eq!(properties["EventInvokeConfig"], yaml(&wanted), "{name}");
    }
    // People would be turned away at a bound, and what they ask for is not invoked asynchronously.
    for (id, function) in functions(&template) {
        let properties = &function["Properties"];
        for bound in ["ReservedConcurrentExecutions", "EventInvokeConfig"] {
            assert_eq!(
                properties.get(bound).is_some(),
                properties.get("Events").is_some(),
                "{bound} of {id}"
            );
        }
    }
}

#[test]
fn the_table_outlives_its_stack_and_can_be_set_back() {
    let template = template();
    let tables = resources(&template, "AWS::DynamoDB::Table");
    let [("Table", table)] = tables[..] else { panic!("{tables:?}") };
    for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
        assert_eq!(table[policy], "Retain");
    }
    for (name, wanted) in TABLE {
        assert_eq!(table["Properties"][name], yaml(wanted), "{name}");
    }
    let time_limit = format!("{{AttributeName: {}, Enabled: true}}", keys::TTL);
    assert_eq!(table["Properties"]["TimeToLiveSpecification"], yaml(&time_limit));
}

#[test]
fn every_queue_is_encrypted_and_keeps_what_it_has_for_as_long_as_it_can() {
    let stacks = STACKS.map(stack);
    let queues: Vec<_> = stacks.iter().flat_map(|stack| resources(stack, "AWS::SQS::Queue")).collect();
    assert_eq!(queues.len(), 2, "{queues:?}");
    for (id, queue) in queues {
        let properties = &queue["Properties"];
        assert_eq!(properties["SqsManagedSseEnabled"], true, "{id}");
        assert_eq!(properties["MessageRetentionPeriod"], KEPT_SECONDS, "{id}");
        assert_eq!(properties["RedriveAllowPolicy"], yaml("{redrivePermission: denyAll}"), "{id}");
    }
}
