//! The status of jobs that never ran, and what the sweep reports to the alarms.

use chrono::Duration;
use http::Method;
use serde_json::json;
use stand_ins::fault::Operation;

use support::log::Log;
use support::world::{COMPANY, World, bare};

async fn status(world: &World, job: &str) -> (u16, serde_json::Value) {
    let answer = world.ask(bare(Method::GET, "/api/health?type=crons")).await;
    (answer.status.as_u16(), answer.json()["checks"]["crons"][job]["status"].clone())
}

#[tokio::test]
async fn a_job_that_never_ran_is_late_once_its_first_planned_run_has_passed() {
    let world = World::start().await;
    // A Tuesday, four in the morning in Bogotá: payouts begin at nine.
    world.tick().await;
    for (hours, expected) in [(4, "never_ran"), (2, "late")] {
        world.advance(Duration::hours(hours));
        world.tick().await;
        let code = if expected == "late" { 503 } else { 200 };
        assert_eq!(status(&world, "payouts").await, (code, json!(expected)), "{hours} h");
    }
    world.operator(Method::GET, "/api/cron/process-payouts").await.ok();
    assert_eq!(status(&world, "payouts").await, (200, json!("ok")));
    // Without a bus and analytics there is nothing to publish, and nobody waits for it.
    world.advance(Duration::hours(1));
    world.tick().await;
    assert_eq!(status(&world, "event-publisher").await.1, "never_ran");
    assert_eq!(status(&World::with_bus().await, "event-publisher").await.1, "never_ran");
}

#[tokio::test]
async fn each_tick_reports_late_and_failing_jobs_and_open_findings() {
    let (log, _reading) = Log::open();
    let world = World::start().await;
    let states = |log: &Log| {
        let line = log.lines_with("late_jobs").pop().unwrap();
        ["late_jobs", "failing_jobs", "open_findings", "late", "failing"].map(|name| line[name].clone())
    };
    world.tick().await;
    assert_eq!(states(&log), [json!(0), json!(0), json!(0), json!(""), json!("")]);
    world.advance(Duration::hours(6));
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.inject_fault(Operation::Any, "status:503", None, None);
    for _ in 0..12 {
        world.advance(Duration::minutes(90));
        world.tick().await;
    }
    let [late, failing, findings, late_names, failing_names] = states(&log);
    assert_eq!((failing, findings, failing_names), (json!(1), json!(0), json!("reminders")));
    assert!(late.as_u64() > Some(0) && late_names.as_str().is_some_and(|names| names.contains("payouts")));
}
