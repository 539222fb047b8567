//! Weak or missing secrets and conflicting settings: the start fails and reports all errors at once.

use platforms::{Failed, Function, Platform};
use serde_json::Value;
use shared::config::{NAMES, Requirement};

use crate::artifacts::binary;
use stacks::repository::functions;

/// Settings that must not be deployed, each with another error.
const WEAK: [(&str, &str); 5] = [
    ("CRON_SECRET", "hunter2"),
    ("ENCRYPTION_KEY", "tooshort"),
    ("WHOP_WEBHOOK_SECRET", "aaaaaaaaaaaaaaaaaaaaaaaa"),
    ("STRIPE_SECRET_KEY", "pk_live_of_another_kind"),
    ("SESSION_SECRET", "change-me-change-me-now"),
];

/// The other variables that staff accounts require.
const LACKING: [&str; 2] = ["PUBLIC_BASE_URL", "PLATFORM_COMPANY_ID"];

/// The log line in which a function reports why it does not start.
async fn refusal(platform: Platform, name: &str, environment: &[(&'static str, String)]) -> String {
    match Function::start(platform, &binary(platform, name), environment).await {
        Ok(_) => panic!("{name} starts on {platform:?}"),
        Err(Failed::Ended { log, .. }) => {
            for (_, value) in WEAK {
                assert!(log.iter().all(|line| !line.contains(value)), "{name} shows a secret");
            }
            let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let errors: Vec<Value> = lines.filter(|line| line["level"] == "error").collect();
            assert_eq!(errors.len(), 1, "{name} on {platform:?}: {log:?}");
            errors[0].to_string()
        }
        Err(failed) => panic!("{name} on {platform:?}: {failed}"),
    }
}

async fn no_binary_starts_with_weak_secrets(platform: Platform) {
    let weak = WEAK.map(|(name, value)| (name, value.to_owned()));
    let staff = [
        ("PROVIDER_USERNAME", "provider".to_owned()),
        ("PROVIDER_PASSWORD", "a password of staff that is long".to_owned()),
    ];
    let environment = [&weak[..], &staff].concat();
    for name in functions() {
        let line = refusal(platform, &name, &environment).await;
        for named in WEAK.map(|(name, _)| name).into_iter().chain(LACKING) {
            assert!(line.contains(named), "{name} on {platform:?} does not name {named}: {line}");
        }
    }
}

/// The variables that are required at the start, all of them missing.
async fn no_binary_starts_without_what_all_need(platform: Platform) {
    let needed: Vec<&str> = needed(Requirement::Start).collect();
    for name in functions() {
        let line = refusal(platform, &name, &[]).await;
        assert!(needed.iter().all(|name| line.contains(name)), "{name} on {platform:?}: {line}");
    }
}

/// A feature without its secret is off, and one line of the log names all that are missing.
async fn every_binary_names_what_is_missing(platform: Platform) {
    let needed: Vec<&str> = needed(Requirement::Production).collect();
    let environment = [
        ("TABLE_NAME", "justonce"),
        ("TABLE_REGION", "us-east-1"),
        ("CRON_SECRET", "q7Yw2Zr9Lk4TnB8sVf3XcJ6h"),
        ("ENCRYPTION_KEY", "c2FuZGJveC1lbmNyeXB0aW9uLWtleS0zMi1ieXRlcyE="),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    for name in functions() {
        let function = Function::start(platform, &binary(platform, &name), &environment).await.unwrap();
        let log = function.log();
        let lines: Vec<&String> = log.iter().filter(|line| line.contains("\"missing\"")).collect();
        assert_eq!(lines.len(), 1, "{name} on {platform:?}: {log:?}");
        assert!(needed.iter().all(|name| lines[0].contains(name)), "{name} on {platform:?}: {}", lines[0]);
    }
}

fn needed(requirement: Requirement) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |name| name.requirement == requirement).map(|name| name.name)
}

#[tokio::test]
#[ignore = "starts what `infra/build aws` has built: infra/check/run binaries"]
async fn no_function_starts_on_lambda_without_the_required_variables_and_all_are_named() {
    no_binary_starts_without_what_all_need(Platform::Lambda).await;
}

#[tokio::test]
#[ignore = "starts what `infra/build vercel` has built: infra/check/run binaries"]
async fn no_function_starts_on_vercel_without_the_required_variables_and_all_are_named() {
    no_binary_starts_without_what_all_need(Platform::Vercel).await;
}

#[tokio::test]
#[ignore = "starts what `infra/build aws` has built: infra/check/run binaries"]
async fn every_function_names_at_its_start_on_lambda_all_that_is_missing() {
    every_binary_names_what_is_missing(Platform::Lambda).await;
}

#[tokio::test]
#[ignore = "starts what `infra/build vercel` has built: infra/check/run binaries"]
async fn every_function_names_at_its_start_on_vercel_all_that_is_missing() {
    every_binary_names_what_is_missing(Platform::Vercel).await;
}

#[tokio::test]
#[ignore = "starts what `infra/build aws` has built: infra/check/run binaries"]
async fn no_function_starts_on_lambda_with_weak_secrets_and_all_are_named_at_once() {
    no_binary_starts_with_weak_secrets(Platform::Lambda).await;
}

#[tokio::test]
#[ignore = "starts what `infra/build vercel` has built: infra/check/run binaries"]
async fn no_function_starts_on_vercel_with_weak_secrets_and_all_are_named_at_once() {
    no_binary_starts_with_weak_secrets(Platform::Vercel).await;
}
