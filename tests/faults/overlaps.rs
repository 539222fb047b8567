//! Calls at once on several threads: reminders, payouts, and nudges with one key.
//!
//! The harness explores the orders of requests on one thread, because its runs must be repeatable. These tests let the
//! operating system choose the order, with real threads inside one process, and check only the end.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use chrono::Duration;
use http::{Method, StatusCode};
use local::embedded::Intervention;
use serde_json::json;
use shared::domain::kernel::account::Role;
use stand_ins::outbox::Kind;

use support::payees::{Job, PROCESS, TUESDAY};
use support::world::{COMPANY, OWNER, REMINDERS, World};

async fn one_failed() -> World {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world
}

/// Delays that differ from seed to seed, so that each round has an order of its own.
fn unsettle(world: &World, seed: u64) {
    world.service.dynamo.intercept(Arc::new(move |call, _| {
        let mixed = (seed << 32 | call).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match mixed >> 61 {
            0 => std::thread::sleep(StdDuration::from_micros(mixed >> 32 & 0xff)),
            1 | 2 => std::thread::yield_now(),
            _ => {}
        }
        Intervention::Pass
    }));
}

async fn ticks_at_once(rounds: u64, cases: usize) {
    let world = Arc::new(World::start().await);
    world.save_settings(json!({"reminder_offsets_days": [0]})).await;
    world.settle().await;
    for seed in 0..rounds {
        world.advance(Duration::minutes(5));
        for n in 0..cases {
            let membership = format!("mem_{seed}_{n}");
            world.add_past_due(COMPANY, &membership);
            world.fail(&membership, &format!("pay_{seed}_{n}"), world.now()).await.ok();
        }
        unsettle(&world, seed);
        let ticks: Vec<_> = (0..2 + seed % 2)
            .map(|_| {
                let world = world.clone();
                tokio::spawn(async move { world.tick().await })
            })
            .collect();
        for tick in ticks {
            let report = tick.await.unwrap();
            assert_eq!(
                (&report["failed"], &report["in_doubt"]),
                (&json!(0), &json!(0)),
                "seed {seed}: {report}"
            );
        }
        world.service.dynamo.stop_intercepting();
        world.settle().await;
        let sent = (seed as usize + 1) * cases;
        assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (sent, sent), "seed {seed}");
    }
    world.pass(&[Duration::days(15)]).await;
    let outcomes = world.check_exactly_once("ticks at once").await;
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ticks_at_once_over_one_case_send_once() {
    ticks_at_once(50, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ticks_at_once_over_twenty_cases_send_once() {
    ticks_at_once(50, 20).await;
}

#[tokio::test]
async fn one_occurrence_delivered_twice_and_late_sends_only_the_newest_step_once() {
    let world = one_failed().await;
    let planned = world.now();
    world.advance(Duration::days(2) + Duration::hours(5));
    for _ in 0..2 {
        let response = world.service.fire("reminders", REMINDERS, planned).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm), world.sent(Kind::FreeDays)), (1, 1, 1));
    let actions = world.actions(&world.case_of("mem_1").await).await;
    let steps: Vec<&str> = actions.iter().map(|action| action["operation"].as_str().unwrap()).collect();
    assert_eq!(steps, ["incentive", "reminder:02:dm", "reminder:02:push"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_nudges_with_one_key_are_one_message() {
    let world = Arc::new(one_failed().await);
    world.settle().await;
    let (pushes, messages) = (world.sent(Kind::Push), world.sent(Kind::Dm));
    let path = format!("/api/cases/{}/nudge", world.case_of("mem_1").await["case_id"].as_str().unwrap());
    unsettle(&world, 32);
    let nudges: Vec<_> = (0..32)
        .map(|_| {
            let mut request = world.owner_request(COMPANY, OWNER, Method::POST, &path, Some(json!({})));
            request.headers_mut().insert("idempotency-key", "one-key".parse().unwrap());
            let world = world.clone();
            tokio::spawn(async move { world.ask(request).await })
        })
        .collect();
    let mut firsts = 0;
    for nudge in nudges {
        let answer = nudge.await.unwrap();
        let replayed = answer.headers.contains_key("idempotency-replayed");
        match answer.status {
            StatusCode::OK if replayed => {}
            StatusCode::OK => firsts += 1,
            StatusCode::CONFLICT => assert!(answer.headers.contains_key("retry-after"), "{answer:?}"),
            _ => panic!("neither the answer, nor a replay, nor a conflict: {answer:?}"),
        }
    }
    assert_eq!((firsts, world.sent(Kind::Push) - pushes, world.sent(Kind::Dm) - messages), (1, 1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_of_the_schedule_and_of_people_at_once_pay_once() {
    for round in 0..10 {
        let world = Arc::new(World::start().await);
        let mut bookings = 0;
        for n in 0..6 {
            let professional = format!("user_{n}");
            world.add_payee(COMPANY, &professional, "usd").await;
            for _ in 0..1 + n % 3 {
                world.add_job(&Job::of(&world, &professional)).await;
                bookings += 1;
            }
        }
        let runs: Vec<_> = (0..4)
            .map(|n| {
                let world = world.clone();
                tokio::spawn(async move {
                    if n % 2 == 0 {
                        world.pay_day().await;
                    } else {
                        let body = Some(json!({"dry_run": false}));
                        world.as_role(Role::Provider, Method::POST, PROCESS, body).await.ok();
                    }
                })
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
        for _ in 0..3 {
            world.advance(Duration::minutes(10));
            world.pay_day().await;
        }
        assert_eq!(world.transfers().len(), bookings, "round {round}");
        world.check_books(&format!("round {round}")).await;
        let batch = world.batch(TUESDAY).await;
        assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(bookings)));
    }
}
