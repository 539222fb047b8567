//! A deployment without Stripe: its jobs run and are healthy, until a professional is owed money.

use chrono::Duration;
use http::{Method, StatusCode};
use local::service::Service;
use serde_json::json;
use shared::store::keys::DUE_SHARDS;
use stand_ins::fault::Operation;

use support::answer::Answer;
use support::jobs_done::RECONCILE;
use support::payees::{Job, LISTED, PAYOUTS};
use support::world::{COMPANY, World, bare, secret_request};

/// The same table and stand-ins, with functions that have no key.
async fn take_key_away(world: &mut World) -> Service {
    let (sandbox, dynamo) = (world.service.sandbox.clone(), world.service.dynamo.clone());
    let without = |name: &str| (name == "STRIPE_SECRET_KEY").then(String::new);
    std::mem::replace(&mut world.service, Service::start(sandbox, dynamo, without).await.unwrap())
}

async fn run(world: &World, path: &str) -> Answer {
    world.ask(secret_request(Method::POST, path, "sandbox-cron-secret")).await
}

#[tokio::test]
async fn without_a_key_and_without_a_due_professional_every_run_succeeds() {
    let mut world = World::start().await;
    world.next_payout_morning();
    take_key_away(&mut world).await;
    for (job, path) in [("payouts", PAYOUTS), ("reconciliation", RECONCILE)] {
        let report = run(&world, path).await.ok();
        let counts = ["due", "done", "failed", "in_doubt"].map(|name| report[name].clone());
        assert_eq!(counts, [0; 4].map(|count| json!(count)), "{report}");
        let crons = world.ask(bare(Method::GET, "/api/health?type=crons")).await.json();
        let shown = &crons["checks"]["crons"][job];
        assert_eq!((&shown["status"], &shown["last_report"]), (&json!("ok"), &report), "no alarm misses it");
    }
}

#[tokio::test]
async fn a_missing_key_fails_the_run_once_a_professional_is_due() {
    let mut world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.advance(LISTED);
    run(&world, RECONCILE).await.ok();
    let keyed = take_key_away(&mut world).await;
    for path in [PAYOUTS, RECONCILE] {
        let answer = run(&world, path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}: {answer:?}");
        assert!(answer.body.contains("Stripe is not configured (STRIPE_SECRET_KEY)."), "{answer:?}");
    }
    world.service = keyed;
    assert_eq!(run(&world, PAYOUTS).await.ok()["done"], 1, "a key that comes back finds them");
}

#[tokio::test]
async fn an_unfinished_transfer_makes_a_professional_due() {
    let mut world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.advance(LISTED);
    world.inject_stripe_fault(Operation::CreateTransfer, "status:429", None);
    world.pay_day().await;
    assert!(world.transfers().is_empty());
    // Repeating the query of an eventually consistent list finds no professional any more.
    world.service.sandbox.faults.clear();
    world.advance(Duration::minutes(10));
    let keyed = take_key_away(&mut world).await;
    let store = world.service.app.store().unwrap();
    for shard in 0..DUE_SHARDS {
        let rows = store.due("payouts", shard, world.now(), None).await.unwrap().rows;
        assert!(rows.is_empty(), "no professional is due");
    }
    assert_eq!(run(&world, PAYOUTS).await.status, StatusCode::SERVICE_UNAVAILABLE);
    world.service = keyed;
    run(&world, PAYOUTS).await.ok();
    assert_eq!(world.transfers().len(), 1, "a key that comes back makes it");
}
