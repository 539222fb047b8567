//! The telemetry of real functions: on both platforms it is sent before the platform may freeze them.

use shared::domain::kernel::clock::Clock;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use platforms::{Occurrence, Platform};
use serde_json::Value;
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::Provider;
use stand_ins::{better_stack, sentry};

use crate::cloud::Cloud;
use crate::function::Function;
use crate::request::Request;

fn watched(cloud: &Cloud) -> Vec<(&'static str, String)> {
    let dsn = format!("http://{}@{}/{}", sentry::PUBLIC_KEY, cloud.service().providers, sentry::PROJECT);
    let token = better_stack::SOURCE_TOKEN.to_owned();
    vec![("SENTRY_DSN", dsn), ("BETTER_STACK_SOURCE_TOKEN", token)]
}

fn tick(scheduled_at: DateTime<Utc>) -> Occurrence<'static> {
    let path = "/api/scheduler/reminders";
    Occurrence { job: "reminders", scheduled_at, path, cron_secret: "sandbox-cron-secret" }
}

/// Waits for telemetry that Vercel's runtime may still send after the answer.
async fn until(is_reported: impl Fn() -> bool) {
    for _ in 0..100 {
        if is_reported() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("telemetry was not delivered");
}

fn statuses(cloud: &Cloud) -> Vec<String> {
    let check_ins = cloud.service().sandbox.sentry.check_ins();
    check_ins.iter().map(|it| it["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_run_checks_in_and_out_and_ships_its_lines_on_both_platforms() {
    for platform in [Platform::Lambda, Platform::Vercel] {
        let cloud = Cloud::start().await;
        let mut function = Function::start_on(platform, "reminders", &cloud.with(&watched(&cloud))).await;
        function.fire(&tick(Clock::system().now())).await;
        let sandbox = &cloud.service().sandbox;
        if platform == Platform::Vercel {
            until(|| statuses(&cloud).len() == 2 && !sandbox.better_stack.lines().is_empty()).await;
        }
        assert_eq!(statuses(&cloud), ["in_progress", "ok"], "{platform:?}");
        let check_ins = sandbox.sentry.check_ins();
        assert_eq!(check_ins[0]["check_in_id"], check_ins[1]["check_in_id"], "{platform:?}");
        let lines = sandbox.better_stack.lines();
        let finished = lines.iter().find(|line| line["message"] == "run finished").expect("the run's line");
        assert_eq!((&finished["cron"], &finished["service"]), (&"reminders".into(), &"reminders".into()));
        let of_one_request = |line: &&Value| line["request_id"] == finished["request_id"];
        assert!(lines.iter().filter(of_one_request).count() >= 2, "{platform:?}: {lines:?}");
    }
}

#[tokio::test]
async fn errors_before_and_in_the_handler_are_reported_and_a_hanging_sink_costs_a_second() {
    let cloud = Cloud::start().await;
    let nowhere = [("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:9".to_owned())];
    let environment: Vec<_> = watched(&cloud).into_iter().chain(nowhere).collect();
    let mut function = Function::start_on(Platform::Lambda, "settings", &cloud.with(&environment)).await;
    let failed = function.ask(&cloud.as_owner(Request::get("/api/settings"))).await;
    failed.refused(503);
    let sandbox = &cloud.service().sandbox;
    let request_id = failed.header("x-request-id").unwrap();
    let events = sandbox.sentry.events();
    assert!(
        !events.is_empty() && events.iter().all(|it| it["tags"]["request_id"] == request_id),
        "{events:?}"
    );
    assert_eq!(
        (&events[0]["tags"]["service"], &events[0]["platform"]),
        (&"settings".into(), &"other".into())
    );

    for (provider, operation) in
        [(Provider::Sentry, Operation::Envelope), (Provider::BetterStack, Operation::Ingest)]
    {
        let kind = "slow:60000".parse().unwrap();
        sandbox.faults.add(Rule { provider, operation, kind, times: None, company: None });
    }
    let mut function = Function::start_on(Platform::Lambda, "reminders", &cloud.with(&watched(&cloud))).await;
    let began = Instant::now();
    function.fire(&tick(Clock::system().now())).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
