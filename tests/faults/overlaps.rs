//! Two and three at once: ticks over ticks, nudges over nudges, settings under a running tick.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration as StdDuration;

use chrono::Duration;
use http::{Method, StatusCode};
use local::embedded::Intervention;
use serde_json::json;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::exactly_once::LEASES;
use support::world::{COMPANY, OWNER, REMINDERS, World};

/// Where a run is held up.
#[derive(Debug, Clone, Copy)]
pub enum At {
    /// After the n-th request to the table was executed, before its answer is seen.
    Table(u64),
    /// After the n-th call to a provider arrived.
    Provider(u64),
}

/// Runs something that is held up there while `meanwhile` happens; whether it came that far.
pub async fn held_up<T>(
    world: &World,
    at: At,
    run: impl Future<Output = T>,
    meanwhile: impl Future<Output = ()>,
) -> bool {
    let there = Arc::new(AtomicBool::new(false));
    let reached = there.clone();
    let arrive = move |call: u64, chosen: u64| reached.fetch_or(call == chosen, Ordering::SeqCst);
    world.service.dynamo.reset_requests();
    match at {
        At::Table(chosen) => world.service.dynamo.intercept(Arc::new(move |call, _| {
            arrive(call, chosen);
            Intervention::Pass
        })),
        At::Provider(chosen) => world.service.sandbox.faults.intercept(Arc::new(move |call, _| {
            arrive(call, chosen);
            None
        })),
    }
    let mut run = pin!(run);
    let ended = poll_fn(|context| match run.as_mut().poll(context) {
        Poll::Ready(_) => Poll::Ready(true),
        Poll::Pending if there.load(Ordering::SeqCst) => Poll::Ready(false),
        Poll::Pending => Poll::Pending,
    });
    let ended = ended.await;
    world.service.dynamo.stop_intercepting();
    world.service.sandbox.faults.stop_intercepting();
    meanwhile.await;
    if !ended {
        run.await;
    }
    there.load(Ordering::SeqCst)
}

async fn one_failed() -> World {
    let world = World::start().await;
    world.save_settings(json!({"incentive_days": 3, "reminder_offsets_days": [0, 2]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world
}

/// A run held up at each of its requests while others run: at once, or after its claims have lapsed.
async fn overtaken_everywhere(place: fn(u64) -> At) -> usize {
    let mut runs = 0;
    for pause in [Duration::zero(), LEASES] {
        for call in 1.. {
            let told = format!("held up at {:?} for {pause}", place(call));
            let world = one_failed().await;
            let others = async {
                world.advance(pause);
                world.settle().await;
            };
            let came = held_up(&world, place(call), world.tick(), others).await;
            runs += 1;
            world.pass(&[LEASES, LEASES, Duration::hours(1), Duration::days(2), Duration::days(13)]).await;
            let outcomes = world.check_exactly_once(&told).await;
            assert_eq!(world.case_of("mem_1").await["incentive_days"], 3, "{told}");
            assert_eq!(outcomes.values().sum::<usize>(), 5, "{told}: {outcomes:?}");
            let unknown = outcomes.get("unknown").copied().unwrap_or_default();
            assert!(unknown == 0 || (unknown == 1 && pause > Duration::zero()), "{told}: {outcomes:?}");
            assert_eq!(outcomes.get("rejected"), None, "{told}");
            if !came {
                break;
            }
        }
    }
    runs
}

#[tokio::test]
async fn a_run_overtaken_at_any_of_its_requests_repeats_nothing() {
    let runs = overtaken_everywhere(At::Table).await + overtaken_everywhere(At::Provider).await;
    eprintln!("overtaken: {runs} runs");
}

#[tokio::test]
async fn a_member_who_pays_while_free_days_fail_is_looked_at_no_more() {
    for call in 1.. {
        let world = one_failed().await;
        world.inject_fault(Operation::Extend, "drop_after", Some(1), None);
        let pays = async {
            world.succeed("mem_1", "pay_1", world.now() + Duration::minutes(1)).await.ok();
        };
        let came = held_up(&world, At::Table(call), world.tick(), pays).await;
        world.pass(&[LEASES, LEASES]).await;
        let told = format!("paid at request {call}");
        let cases = world.items("CASE#").await;
        let due = cases.iter().find(|row| row["sk"].as_s().unwrap() == "CASE" && row.contains_key("due_at"));
        assert_eq!(due, None, "{told}");
        world.check_exactly_once(&told).await;
        if !came {
            break;
        }
    }
}

#[tokio::test]
async fn days_changed_under_a_running_tick_count_for_the_case_it_is_moving() {
    for call in 1.. {
        let world = World::start().await;
        world.save_settings(json!({"reminder_offsets_days": [0, 10]})).await;
        world.settle().await;
        world.add_past_due(COMPANY, "mem_1");
        world.fail("mem_1", "pay_1", world.now()).await.ok();
        let others = async {
            world.save_settings(json!({"reminder_offsets_days": [0, 1, 10]})).await;
            world.settle().await;
        };
        let came = held_up(&world, At::Table(call), world.tick(), others).await;
        world.pass(&[Duration::minutes(5), Duration::days(1)]).await;
        assert_eq!(world.sent(Kind::Push), 2, "held up at request {call}");
        if !came {
            return;
        }
    }
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
