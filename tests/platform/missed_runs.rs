//! Runs that were missed: made up for a planned time or a window, over HTTP and by direct invocation.

use chrono::Duration;
use http::Method;
use http::Request;
use serde_json::{Value, json};
use shared::http::extension::{ScheduledEvent, Trigger};

use support::answer::answered;
use support::payees::{Job, PAYOUTS, TUESDAY};
use support::world::{Answer, COMPANY, REMINDERS, World};

/// A world two days after a Tuesday on which nobody was paid.
async fn after_a_missed_tuesday() -> World {
    let world = World::start().await;
    for professional in ["user_p", "user_q"] {
        world.add_payee(COMPANY, professional, "usd").await;
        world.add_job(&Job::of(&world, professional)).await;
    }
    world.advance(Duration::days(2));
    world
}

async fn ask(world: &World, path: &str, query: &str) -> Answer {
    world.operator(Method::POST, &format!("{path}?{query}")).await
}

/// A direct invocation with this payload.
async fn invoke(world: &World, path: &str, payload: Value) -> Answer {
    let mut request = Request::post(path).body(axum::body::Body::empty()).unwrap();
    request.extensions_mut().insert(Trigger(ScheduledEvent::read(&payload).unwrap()));
    let response = world.service.ask(request).await;
    answered(&Method::POST, path, response).await
}

#[tokio::test]
async fn a_missed_tuesday_is_paid_once_in_its_own_batch_on_both_platforms() {
    for is_direct in [false, true] {
        let world = after_a_missed_tuesday().await;
        let pay = async || match is_direct {
            true => {
                let payload = json!({"job": "payouts", "scheduled_at": "2025-11-18T14:00:00Z"});
                invoke(&world, PAYOUTS, payload).await.ok()
            }
            false => ask(&world, PAYOUTS, "scheduled_at=2025-11-18T14:00:00Z").await.ok(),
        };
        let report = pay().await;
        assert_eq!((&report["done"], &report["occurrence"]), (&json!(2), &json!("2025-11-18T14:00:00.000Z")));
        let again = pay().await;
        assert_eq!((&again["due"], &again["done"]), (&json!(0), &json!(0)), "{again}");
        assert_eq!(world.transfers().len(), 2);
        let batch = world.batch(TUESDAY).await;
        assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(2)), "{batch}");
        let audited = world.audited("job.run_requested").await;
        assert_eq!(audited.len(), 2, "{audited:?}");
        let cause = if is_direct { "invocation" } else { "scheduler_secret" };
        assert_eq!((&audited[0]["cause"], &audited[0]["subject"]), (&json!(cause), &json!("payouts")));
        assert!(audited[0]["detail"].as_str().unwrap().contains("2025-11-18T14:00:00.000Z"), "{audited:?}");
    }
}

#[tokio::test]
async fn a_late_run_pays_nobody_who_was_not_due_on_its_day() {
    let world = World::start().await;
    world.advance(Duration::days(2));
    world.add_payee(COMPANY, "user_late", "usd").await;
    let completed_at = world.now() - Duration::hours(25);
    world.add_job(&Job { completed_at, ..Job::of(&world, "user_late") }).await;
    let report = ask(&world, PAYOUTS, "scheduled_at=2025-11-18T14:00:00Z").await.ok();
    assert_eq!((&report["due"], world.transfers().len()), (&json!(0), 0), "{report}");
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1, "on Friday");
}

#[tokio::test]
async fn a_window_runs_each_of_its_payout_days_in_order() {
    for is_direct in [false, true] {
        let world = after_a_missed_tuesday().await;
        world.advance(Duration::days(4));
        let (from, until) = ("2025-11-17T00:00:00Z", "2025-11-24T06:00:00Z");
        let answer = match is_direct {
            true => invoke(&world, PAYOUTS, json!({"job": "payouts", "from": from, "until": until})).await,
            false => ask(&world, PAYOUTS, &format!("from={from}&until={until}")).await,
        };
        let report = answer.ok();
        let runs: Vec<&str> =
            report["runs"].as_array().unwrap().iter().filter_map(|run| run["occurrence"].as_str()).collect();
        // The last ticks of both days in Bogotá.
        assert_eq!(runs, ["2025-11-19T04:50:00.000Z", "2025-11-22T04:50:00.000Z"], "{report}");
        assert_eq!((&report["done"], &report["runs"][0]["done"]), (&json!(2), &json!(2)), "{report}");
        assert_eq!(world.transfers().len(), 2);
        assert_eq!(world.batch(TUESDAY).await["counts"]["done"], 2);
        assert_eq!(world.audited("job.run_requested").await.len(), 1);
    }
}

#[tokio::test]
async fn a_job_that_does_all_that_is_due_runs_a_window_once() {
    let world = World::start().await;
    world.advance(Duration::days(1));
    for path in
        [REMINDERS, "/api/cron/auto-decline-bookings", "/api/cron/publish-events", "/api/cron/reconcile"]
    {
        let report = ask(&world, path, "from=2025-11-18T09:30:00Z&until=2025-11-19T08:59:30Z").await.ok();
        let expected =
            if path == REMINDERS { "2025-11-19T08:55:00.000Z" } else { "2025-11-19T08:59:00.000Z" };
        assert_eq!((&report["occurrence"], &report["runs"]), (&json!(expected), &json!(null)), "{report}");
    }
    assert_eq!(world.audited("job.run_requested").await.len(), 4);
}

#[tokio::test]
async fn a_time_for_which_nothing_was_planned_is_refused_and_runs_nothing() {
    let world = after_a_missed_tuesday().await;
    for query in [
        "scheduled_at=",
        "scheduled_at=tuesday",
        "scheduled_at=2025-11-18T14:05:00Z",
        "scheduled_at=2025-11-18T14:00:01Z",
        "scheduled_at=2025-11-19T14:00:00Z",
        "scheduled_at=2025-11-21T14:00:00Z",
        "scheduled_at=2025-10-07T14:00:00Z",
        "scheduled_at=2025-11-18T14:00:00Z&from=2025-11-18T14:00:00Z&until=2025-11-18T15:00:00Z",
        "from=2025-11-18T14:00:00Z",
        "until=2025-11-18T14:00:00Z",
        "from=2025-11-18T15:00:00Z&until=2025-11-18T14:00:00Z",
        "from=2025-11-18T14:01:00Z&until=2025-11-18T14:09:00Z",
        "from=2025-11-19T15:00:00Z&until=2025-11-19T16:00:00Z",
        "from=2025-11-18T14:00:00Z&until=2025-11-21T14:00:00Z",
        "planned=2025-11-18T14:00:00Z",
    ] {
        let answer = ask(&world, PAYOUTS, query).await;
        assert_eq!(answer.status, 400, "{query}: {answer:?}");
    }
    let no_secret =
        support::world::bare(Method::POST, &format!("{PAYOUTS}?scheduled_at=2025-11-18T14:00:00Z"));
    assert_eq!(world.ask(no_secret).await.status, 401);
    assert_eq!(world.transfers().len(), 0);
    assert_eq!(world.audited("job.run_requested").await.len(), 0);
}

#[tokio::test]
async fn the_schedules_own_ticks_are_not_audited() {
    let world = World::start().await;
    world.tick().await;
    world.operator(Method::GET, REMINDERS).await.ok();
    world.pay_day().await;
    assert_eq!(world.audited("job.run_requested").await.len(), 0);
}
