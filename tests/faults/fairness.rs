//! A company with many failing or due rows does not delay the others.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::crowd::owner_of;
use support::exactly_once::LEASES;
use support::world::{COMPANY, World, id_of};

const LOUD: &str = "biz_loud";
const QUIET: &str = "biz_quiet";

/// A company with five hundred due cases, and behind it one with three.
async fn loud_and_quiet() -> World {
    let world = World::start().await;
    for company in [LOUD, QUIET] {
        world.add_reminding(company, &[0]).await;
    }
    world.open_cases(LOUD, 500).await;
    world.advance(Duration::minutes(1));
    world.open_cases(QUIET, 3).await;
    world
}

/// How many pushes went to the members of a company.
fn pushes(world: &World, company: &str) -> usize {
    let experience = format!("exp_{company}");
    let entries = world.service.sandbox.outbox.entries();
    entries
        .iter()
        .filter(|entry| entry.kind == Kind::Push && entry.detail["experience_id"] == experience)
        .count()
}

/// Ticks every five minutes, as the schedule does, until a run says that nothing is left.
async fn tick_until_done(world: &World) -> usize {
    for ticks in 1..=40 {
        if world.tick().await["more"] == false {
            return ticks;
        }
        world.advance(Duration::minutes(5));
    }
    panic!("there is always more");
}

#[tokio::test]
async fn a_heap_of_due_cases_does_not_keep_another_company_waiting() {
    let world = loud_and_quiet().await;
    let report = world.tick().await;
    assert_eq!((pushes(&world, QUIET), &report["more"], &report["due"]), (3, &json!(true), &json!(503)));
    let first = pushes(&world, LOUD);
    assert!((1..=200).contains(&first), "{first} of one company in one run");
    tick_until_done(&world).await;
    assert_eq!((pushes(&world, LOUD), pushes(&world, QUIET)), (500, 3));
    assert!(world.count_sent().values().all(|times| *times == 1), "each once");
}

#[tokio::test]
async fn a_slow_provider_of_one_company_does_not_keep_another_waiting() {
    let world = loud_and_quiet().await;
    world.inject_fault(Operation::Any, "slow:15", None, Some(LOUD));
    let report = world.tick().await;
    assert_eq!((pushes(&world, QUIET), &report["more"]), (3, &json!(true)));
    let mut quiet = world.service.sandbox.outbox.entries();
    let last = quiet.iter().rposition(|entry| entry.detail["experience_id"] == "exp_biz_quiet").unwrap();
    let loud_before = quiet.drain(..last).filter(|entry| entry.detail["experience_id"] == "exp_biz_loud");
    assert!(loud_before.count() < 50, "the others went out between, not after");
}

#[tokio::test]
async fn a_company_that_only_fails_is_set_aside_and_taken_back() {
    let world = loud_and_quiet().await;
    let whop = &world.service.sandbox.whop;
    world.inject_fault(Operation::Memberships, "status:500", None, Some(LOUD));
    let report = world.tick().await;
    assert_eq!((pushes(&world, QUIET), &report["more"]), (3, &json!(true)), "{report}");
    let calls = whop.requests()["memberships"];
    assert!(calls < 20, "a provider that fails is left in peace for this run: {calls} calls");

    for _ in 0..2 {
        world.advance(Duration::minutes(5));
        assert_eq!(world.tick().await["more"], true);
    }
    for _ in 0..2 {
        world.advance(Duration::minutes(5));
        whop.reset_requests();
        let report = world.tick().await;
        assert!(report["due"].as_u64().unwrap() > 400 && report["failed"] == 0, "{report}");
        assert_eq!(whop.requests().len(), 0, "set aside: nothing is asked");
    }
    world.open_cases(QUIET, 1).await;
    world.tick().await;
    assert_eq!(pushes(&world, QUIET), 4, "the others go on");

    world.service.sandbox.faults.clear();
    world.advance(Duration::hours(1));
    tick_until_done(&world).await;
    world.pass(&[Duration::hours(1), Duration::hours(1)]).await;
    assert_eq!(pushes(&world, LOUD), 500);
    assert!(world.count_sent().values().all(|times| *times == 1), "each once");

    // Taken back for good: one more failing run does not set it aside at once.
    world.open_cases(LOUD, 1).await;
    world.inject_fault(Operation::Memberships, "status:500", Some(1), Some(LOUD));
    world.tick().await;
    world.advance(Duration::minutes(5));
    world.tick().await;
    assert_eq!(pushes(&world, LOUD), 501);
}

#[tokio::test]
async fn a_membership_that_is_gone_does_not_set_its_company_aside() {
    let world = World::start().await;
    world.add_reminding(COMPANY, &[0]).await;
    // Whop knows nothing of this one, so every look at it fails.
    world.fail("mem_gone", "pay_gone", world.now()).await.ok();
    for _ in 0..12 {
        world.pass(&[Duration::minutes(5)]).await;
    }
    world.open_cases(COMPANY, 1).await;
    world.tick().await;
    assert_eq!(world.sent(Kind::Push), 1);
}

#[tokio::test]
async fn events_that_nobody_can_apply_do_not_hold_up_those_that_can() {
    let world = World::start().await;
    let orphan = |n: usize| {
        let mut event =
            support::world::payment_failed(&format!("mem_orphan_{n}"), &format!("pay_{n}"), world.now());
        event["company_id"] = Value::Null;
        event["data"]["company"] = Value::Null;
        event
    };
    for n in 0..30 {
        let event = orphan(n);
        assert_eq!(world.deliver(&id_of(&event), event).await.ok()["outcome"], "kept");
    }
    world.advance(LEASES);
    let late = orphan(99);
    world.deliver(&id_of(&late), late).await.ok();
    // Now Whop can say whose it is.
    world.add_past_due(COMPANY, "mem_orphan_99");
    world.advance(LEASES);
    world.tick().await;
    world.case_of("mem_orphan_99").await;
}

#[tokio::test]
async fn changed_days_count_for_the_cases_that_are_open() {
    let world = World::start().await;
    for company in [LOUD, QUIET] {
        world.add_reminding(company, &[0, 10]).await;
        world.open_cases(company, 2).await;
    }
    world.settle().await;
    world.advance(Duration::days(1));
    world.remind_on(LOUD, &[0, 1, 3]).await;
    world.settle().await;
    assert_eq!((pushes(&world, LOUD), pushes(&world, QUIET)), (4, 2), "the new second day is today");
    world.pass(&[Duration::days(2)]).await;
    assert_eq!((pushes(&world, LOUD), pushes(&world, QUIET)), (6, 2));
    world.pass(&[Duration::days(7)]).await;
    assert_eq!((pushes(&world, LOUD), pushes(&world, QUIET)), (6, 4), "the old day counts no more");
    let list = world.owner_request(LOUD, &owner_of(LOUD), Method::GET, "/api/dashboard/cases", None);
    assert_eq!(world.ask(list).await.ok()["data"].as_array().unwrap().len(), 2);
}
