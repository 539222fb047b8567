//! Telemetry at external monitoring, and that no request waits for it.

use std::time::{Duration, Instant};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use support::injected_fault::{FaultPoint, InjectedFault};
use support::log::Log;
use support::telemetry::Monitoring;
use support::world::{REMINDERS, World};

const SETTINGS: &str = "/api/settings";

/// More than a second, and less than a hanging request.
const BOUND: Duration = Duration::from_millis(2_500);

#[tokio::test]
async fn an_error_is_one_event_that_names_its_request_and_its_line_does_too() {
    let (log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Sentry).await;
    world.lose_the_table();
    let answer = world.owner(Method::GET, SETTINGS, None).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let request_id = answer.header("x-request-id").unwrap();
    let lines = log.lines_with("status");
    let failed: Vec<&Value> = lines.iter().filter(|line| line["level"] == "error").collect();
    assert_eq!((failed.len(), &failed[0]["request_id"]), (1, &json!(request_id)));
    let events = world.errors_seen();
    assert_eq!(events.len(), 1, "{events:#?}");
    let event = &events[0];
    assert_eq!(event["tags"]["request_id"], request_id);
    assert_eq!(event["tags"]["service"], failed[0]["service"]);
    assert_eq!(event["message"]["formatted"], "request failed");
    assert_eq!(event["timestamp"], failed[0]["timestamp"]);
    assert_eq!((&event["level"], &event["environment"]), (&json!("error"), &json!("production")));
    assert_eq!((&event["transaction"], &event["extra"]["status"]), (&json!(SETTINGS), &json!(503)));
    assert!(event["release"].as_str().unwrap().starts_with("justonce@"));
}

#[tokio::test]
async fn a_successful_request_calls_neither_sentry_nor_the_table_additionally() {
    let (_log, _reading) = Log::open();
    let (watched, unwatched) = (World::watched_by(Monitoring::Both).await, World::start().await);
    for world in [&watched, &unwatched] {
        world.service.dynamo.reset_requests();
        world.get(SETTINGS).await;
        world.owner(Method::GET, "/api/settings", None).await.ok();
        world.tick().await;
    }
    let cost = |world: &World| world.service.dynamo.requests().len();
    assert_eq!(cost(&watched), cost(&unwatched));
    // Two requests without an error, and a run that checks in and out; each ships its lines at once.
    assert_eq!((watched.asked_watchers(), unwatched.asked_watchers()), ((2, 3), (0, 0)));
    assert_eq!(watched.errors_seen(), [Value::Null; 0]);
}

/// The check-ins of a job as its monitor sees them: each with its id and how far it is.
fn statuses_by_id(world: &World) -> Vec<(String, String)> {
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    world.check_ins().iter().map(|it| (text(it, "check_in_id"), text(it, "status"))).collect()
}

#[tokio::test]
async fn a_run_checks_in_and_out_of_a_monitor_that_makes_itself() {
    let world = World::watched_by(Monitoring::Sentry).await;
    world.tick().await;
    let check_ins = world.check_ins();
    assert_eq!(check_ins.len(), 2, "{check_ins:?}");
    for check_in in &check_ins {
        assert_eq!(check_in["monitor_slug"], "justonce-reminders");
        let config = json!({
            "schedule": {"type": "crontab", "value": "*/5 * * * *"},
            "timezone": "UTC",
            "checkin_margin": 15,
            "max_runtime": 6,
            "failure_issue_threshold": 3,
            "recovery_threshold": 1,
        });
        assert_eq!(check_in["monitor_config"], config);
    }
    assert!(check_ins[0].get("duration").is_none() && check_ins[1]["duration"].is_number());
    let first = statuses_by_id(&world);
    assert_eq!((first[0].1.as_str(), first[1].1.as_str()), ("in_progress", "ok"));
    assert_eq!(first[0].0, first[1].0, "one occurrence, one id");
    world.tick().await;
    assert_eq!(statuses_by_id(&world)[2..], first, "the same occurrence again");
    world.advance(chrono::Duration::minutes(5));
    world.tick().await;
    assert_ne!(statuses_by_id(&world)[4].0, first[0].0, "another occurrence");
}

#[tokio::test]
async fn every_job_has_a_monitor_and_one_that_is_passed_over_is_well() {
    let world = World::watched_by(Monitoring::Sentry).await;
    // Eight in the morning in Bogotá is no payout time, and no event bus is configured.
    world.advance(chrono::Duration::days(1));
    for (job, path) in [
        ("reminders", REMINDERS),
        ("auto-decline", "/api/cron/auto-decline-bookings"),
        ("payouts", "/api/cron/process-payouts"),
        ("reconciliation", "/api/cron/reconcile"),
        ("event-publisher", "/api/cron/publish-events"),
    ] {
        let before = world.check_ins().len();
        world.operator(Method::GET, path).await.ok();
        let check_ins = world.check_ins();
        let seen: Vec<(&str, &str)> = check_ins[before..]
            .iter()
            .map(|it| (it["monitor_slug"].as_str().unwrap(), it["status"].as_str().unwrap()))
            .collect();
        let slug = format!("justonce-{job}");
        assert_eq!(seen, [(slug.as_str(), "in_progress"), (slug.as_str(), "ok")]);
    }
    let of_payouts = &world.check_ins()[4]["monitor_config"];
    assert_eq!(of_payouts["timezone"], "America/Bogota");
}

#[tokio::test]
async fn who_may_not_start_a_job_checks_nothing_in() {
    let world = World::watched_by(Monitoring::Sentry).await;
    let answer = world.ask(support::world::bare(Method::GET, REMINDERS)).await;
    assert_eq!((answer.status, world.asked_watchers()), (StatusCode::UNAUTHORIZED, (0, 0)));
}

#[tokio::test]
async fn a_failed_run_checks_in_as_failed_and_a_crashed_one_not_at_all() {
    let (_log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Sentry).await;
    world.lose_the_table();
    let response = world.service.fire("reminders", REMINDERS, world.now()).await;
    assert!(response.status().is_server_error());
    let statuses: Vec<String> = statuses_by_id(&world).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["in_progress", "error"]);
    assert_eq!(world.errors_seen().len(), 1, "and why");

    let world = World::watched_by(Monitoring::Sentry).await;
    let injected_fault = InjectedFault::at(&world, FaultPoint::DeathBefore, 1);
    let run = async {
        // The first check-in is sent while the job runs; here the job is done at once.
        world.service.fire("reminders", REMINDERS, world.now()).await
    };
    assert!(injected_fault.during(run).await);
    for _ in 0..200 {
        if !statuses_by_id(&world).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let statuses: Vec<String> = statuses_by_id(&world).into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["in_progress"], "what never ends is Sentry's to miss");
}

#[tokio::test]
async fn watchers_that_fail_or_hang_fail_nothing_and_are_left_alone_for_a_while() {
    for kind in ["slow:60000", "status:500", "status:429", "status:403", "drop_before", "drop_after"] {
        let (_log, _reading) = Log::open();
        let world = World::watched_by(Monitoring::Both).await;
        world.inject_telemetry_fault(kind);
        let began = Instant::now();
        world.tick().await;
        assert!(began.elapsed() < BOUND, "{kind}: {:?}", began.elapsed());
        let asked = world.asked_watchers();
        assert!(asked.0 <= 2 && asked.1 == 1, "{kind}: {asked:?}");
        let began = Instant::now();
        for _ in 0..10 {
            world.get(SETTINGS).await;
            world.tick().await;
        }
        assert!(began.elapsed() < BOUND, "{kind}: {:?}", began.elapsed());
        assert_eq!(world.asked_watchers(), asked, "{kind}: an unresponsive sink is not called each time");
    }
}

#[tokio::test]
async fn the_lines_of_an_invocation_are_shipped_as_they_were_written() {
    let (log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::BetterStack).await;
    world.tick().await;
    let request_ids = |lines: &[Value]| -> Vec<Value> {
        lines.iter().map(|line| line["request_id"].clone()).filter(|id| !id.is_null()).collect()
    };
    let shipped = world.lines_shipped();
    assert_eq!(request_ids(&shipped), request_ids(&log.lines_with("request_id")));
    assert!(shipped.iter().any(|line| line["message"] == "run finished" && line["cron"] == "reminders"));
    assert!(shipped.iter().all(|line| line["dt"] == line["timestamp"]), "{shipped:?}");
    assert_eq!(world.asked_watchers(), (0, 1));
    world.get(SETTINGS).await;
    assert_eq!(world.asked_watchers(), (0, 2), "each invocation ships its own");
}

#[tokio::test]
async fn requests_side_by_side_are_not_mixed_up() {
    let (_log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Sentry).await;
    world.lose_the_table();
    let ask = || world.owner(Method::GET, SETTINGS, None);
    let (one, other) = tokio::join!(ask(), ask());
    let mut asked = [&one, &other].map(|answer| answer.header("x-request-id").unwrap().to_owned());
    let events = world.errors_seen();
    let mut seen: Vec<&str> = events.iter().map(|it| it["tags"]["request_id"].as_str().unwrap()).collect();
    asked.sort();
    seen.sort_unstable();
    assert_eq!(seen, asked);
}
