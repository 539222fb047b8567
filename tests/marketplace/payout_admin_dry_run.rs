//! A dry run changes nothing and reports exactly what the run then does.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::marketplace::payout::SkipReason;

use crate::payout_scenarios::{SeededRandom, scenario, scenario_in_doubt};
use support::payees::TUESDAY;
use support::payees::{APPROVALS, Job, PROCESS};
use support::world::{COMPANY, World};

/// The reasons that a manual run never reports: it loads only completed bookings with an unsettled share, and
/// retries what Stripe refused.
const NEVER_REPORTED: [SkipReason; 7] = [
    SkipReason::AlreadyPaid,
    SkipReason::TransferRefused,
    SkipReason::NotCompleted,
    SkipReason::NotCaptured,
    SkipReason::Refunded,
    SkipReason::DisputeLost,
    SkipReason::NothingToPay,
];

/// The rows of the table, but those that keep answers.
async fn rows(world: &World) -> Vec<Value> {
    let is_answer = |row: &Value| row["pk"].as_str().unwrap().starts_with("IDEMPOTENCY#");
    world.rows().await.into_iter().filter(|row| !is_answer(row)).collect()
}

/// The transferred amount of each booking, after the given number of earlier transfers.
fn made(world: &World, before: usize) -> Vec<Value> {
    let made = world
        .transfers()
        .into_iter()
        .skip(before)
        .map(|transfer| json!([transfer.metadata["booking_id"], transfer.amount, transfer.currency]));
    let mut made: Vec<Value> = made.collect();
    made.sort_by_key(Value::to_string);
    made
}

fn planned(ran: &Value) -> Vec<Value> {
    let planned = ran["transfers"].as_array().unwrap().iter();
    let mut planned: Vec<Value> =
        planned.map(|it| json!([it["booking_id"], it["amount"], it["currency"]])).collect();
    planned.sort_by_key(Value::to_string);
    planned
}

/// A second person approves some of the waiting amounts, some of them too low.
async fn approve_some(world: &World, dry: &Value, random: &mut SeededRandom) -> usize {
    let mut enough = 0;
    for wanted in dry["awaiting_approval"].as_array().unwrap() {
        let mut approval = wanted.clone();
        match random.up_to(4) {
            0 => continue,
            1 => approval["amount"] = json!(wanted["amount"].as_i64().unwrap() - 1),
            _ => enough += 1,
        }
        world.as_role(Role::Provider, Method::POST, APPROVALS, Some(approval)).await.ok();
    }
    enough
}

/// The results of dry runs and runs in many scenarios.
#[derive(Debug, Default)]
struct Seen {
    transfers: usize,
    settled: usize,
    approved: usize,
    skips: BTreeMap<String, usize>,
}

impl Seen {
    /// Compares a run with the dry run before it.
    async fn hold(&mut self, world: &World, context: &str, random: &mut SeededRandom) {
        let before = (rows(world).await, world.transfers().len());
        let mut dry = world.process(Role::Accountant, true).await;
        assert!(rows(world).await == before.0, "{context}: nothing is written");
        assert_eq!(world.transfers().len(), before.1, "{context}: nothing is moved");
        let waiting = |ran: &Value| ran["awaiting_approval"].as_array().unwrap().len();
        let (waited, approved) = (waiting(&dry), approve_some(world, &dry, random).await);
        if waited > 0 {
            dry = world.process(Role::Accountant, true).await;
            assert_eq!(waiting(&dry) + approved, waited, "{context}: what was approved waits no longer");
        }
        let mut real = world.process(Role::Accountant, false).await;
        for ran in [&mut dry, &mut real] {
            ran.as_object_mut().unwrap().remove("dry_run");
        }
        assert_eq!(dry, real, "{context}");
        assert_eq!(made(world, before.1), planned(&real), "{context}");
        let again = world.process(Role::Accountant, true).await;
        assert_eq!((&again["transfers"], &again["settled"]), (&json!([]), &json!([])), "{context}");
        self.transfers += planned(&real).len();
        self.settled += real["settled"].as_array().unwrap().len();
        self.approved += approved;
        for skip in real["skips"].as_array().unwrap() {
            *self.skips.entry(skip["reason"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
}

#[tokio::test]
async fn a_dry_run_equals_the_following_run() {
    let mut seen = Seen::default();
    for seed in 0..25 {
        let context = format!("seed {seed}");
        let (in_doubt, random) = (seed % 4 == 3, &mut SeededRandom::of(1_000 + seed));
        let world = if in_doubt { scenario_in_doubt(seed).await } else { scenario(seed).await };
        seen.hold(&world, &context, random).await;
        if in_doubt {
            // The transfer in doubt is resolved automatically.
            world.advance(Duration::minutes(10));
            world.pay_day().await;
        }
        world.check_books(&context).await;
        let batch = world.batch(TUESDAY).await;
        assert_eq!(batch["status"], "completed", "{context}: {batch:#}");
    }
    eprintln!("dry runs: {seen:?}");
    let Seen { transfers, settled, approved, .. } = seen;
    assert!(transfers > 150 && settled > 3 && approved > 3, "the scenes are too tame: {seen:?}");
    let reported = SkipReason::ALL.into_iter().filter(|reason| !NEVER_REPORTED.contains(reason));
    let mut reported: Vec<&str> = reported.map(SkipReason::as_str).collect();
    reported.sort_unstable();
    assert_eq!(seen.skips.keys().collect::<Vec<_>>(), reported, "every reason is seen");
}

#[tokio::test]
async fn the_scheduled_run_equals_the_dry_run_too() {
    let mut transfers = 0;
    for seed in 100..112 {
        let world = scenario(seed).await;
        let dry = world.process(Role::Accountant, true).await;
        world.pay_day().await;
        // Professionals who are due later on the day are included by a manual run only, and are not paid
        // before then.
        assert_eq!(made(&world, 0), planned(&dry), "seed {seed}");
        transfers += planned(&dry).len();
    }
    assert!(transfers > 50, "the scenes are too tame: {transfers}");
}

#[tokio::test]
async fn a_manual_run_requires_dry_run_and_a_key() {
    let world = World::start().await;
    for wrong in
        [json!({}), json!({"dry_run": "yes"}), json!({"dry_run": null}), json!({"dry_run": true, "batch": 1})]
    {
        let answer = world.as_role(Role::Provider, Method::POST, PROCESS, Some(wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let answer = world.as_role(Role::Provider, Method::POST, PROCESS, None).await;
    assert_eq!(answer.status, 400, "no key");
    let answer = world.as_role(Role::Developer, Method::POST, PROCESS, Some(json!({"dry_run": true}))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_manual_run_works_on_any_day_and_reports_when_there_is_more() {
    let world = World::start().await;
    world.advance(Duration::days(1));
    world.add_payee(COMPANY, "user_p", "usd").await;
    for _ in 0..3 {
        world.add_job(&Job::of(&world, "user_p")).await;
    }
    let ran = world.process(Role::Provider, false).await;
    assert_eq!((&ran["batch_id"], &ran["more"]), (&json!("payout-2025-11-19-wed"), &json!(false)));
    assert_eq!(world.transfers().len(), 3);
    let batch = world.batch("payout-2025-11-19-wed").await;
    assert_eq!(batch["started_by"]["kind"], "person", "{batch:#}");
}
