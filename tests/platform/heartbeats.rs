//! Heartbeats of jobs at a service outside of the account.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::healthchecks::{Ping, PingKind};

use support::log::Log;
use support::telemetry::Monitoring;
use support::world::{COMPANY, REMINDERS, World, bare};

fn kinds(pings: &[Ping]) -> Vec<PingKind> {
    pings.iter().map(|ping| ping.kind).collect()
}

#[tokio::test]
async fn a_run_is_told_at_its_start_and_at_its_end_under_one_id() {
    let world = World::watched_by(Monitoring::Heartbeats).await;
    world.tick().await;
    let pings = world.pings();
    assert_eq!(kinds(&pings), [PingKind::Start, PingKind::Success]);
    assert!(pings.iter().all(|ping| ping.slug == "justonce-reminders" && ping.body.is_empty()));
    assert!(pings[0].run_id.is_some());
    assert_eq!(pings[0].run_id, pings[1].run_id, "one run");
    world.advance(chrono::Duration::minutes(5));
    world.tick().await;
    assert_ne!(world.pings()[2].run_id, pings[0].run_id, "another occurrence");
    world.get("/api/settings").await;
    assert_eq!(world.pings().len(), 4, "a request is no run");
}

#[tokio::test]
async fn a_run_that_does_not_end_fails_with_an_excerpt_of_the_log() {
    let (_log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Heartbeats).await;
    world.lose_the_table();
    let response = world.service.fire("reminders", REMINDERS, world.now()).await;
    assert!(response.status().is_server_error());
    let pings = world.pings();
    assert_eq!(kinds(&pings), [PingKind::Start, PingKind::Fail]);
    let body = &pings[1].body;
    assert!(body.starts_with("the run did not end\n") && body.contains("request failed"), "{body}");
    assert!(body.len() <= 10_000, "{}", body.len());
}

/// Whether a run failed at its work, by its report.
fn has_failed(report: &Value) -> bool {
    report["done"] == 0 && (report["failed"].as_u64() > Some(0) || report["more"] == true)
}

#[tokio::test]
async fn a_job_fails_after_three_runs_that_failed_at_their_work_and_until_one_succeeds() {
    let (_log, _reading) = Log::open();
    let world = World::watched_by(Monitoring::Heartbeats).await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.inject_fault(Operation::Any, "status:503", None, None);
    let mut failed_runs = 0;
    for _ in 0..12 {
        world.advance(chrono::Duration::minutes(90));
        failed_runs += u32::from(has_failed(&world.tick().await));
        let (kind, status) = told(&world).await;
        let expected = match failed_runs {
            0..3 => (PingKind::Success, json!("ok")),
            _ => (PingKind::Fail, json!("failing")),
        };
        assert_eq!((kind, status), expected, "after {failed_runs} failed runs");
    }
    assert!(failed_runs >= 3, "{failed_runs}");
    let body = world.pings().pop().unwrap().body;
    assert!(body.starts_with("due "), "{body}");

    world.all_well();
    world.advance(chrono::Duration::hours(7));
    world.settle().await;
    assert_eq!(told(&world).await, (PingKind::Success, json!("ok")));
}

/// The last heartbeat, and the health check's word about the job.
async fn told(world: &World) -> (PingKind, Value) {
    let answer = world.ask(bare(Method::GET, "/api/health?type=crons")).await;
    let status = answer.json()["checks"]["crons"]["reminders"]["status"].clone();
    assert!(status == "ok" || answer.status == 503, "{status}");
    (world.pings().last().unwrap().kind, status)
}

#[tokio::test]
async fn a_service_that_fails_or_hangs_fails_no_run_and_costs_a_second() {
    for kind in ["slow:60000", "status:429", "status:500", "drop_after"] {
        let (_log, _reading) = Log::open();
        let world = World::watched_by(Monitoring::Heartbeats).await;
        world.inject_telemetry_fault(kind);
        let began = Instant::now();
        world.operator(Method::GET, REMINDERS).await.ok();
        assert!(began.elapsed() < Duration::from_millis(2_500), "{kind}: {:?}", began.elapsed());
    }
}
