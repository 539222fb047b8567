//! The events on the event bus, and that a deployment without one has no cost.

use std::collections::BTreeMap;

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::platform::announcement::KINDS;
use stand_ins::bus::BUS;

use stacks::repository::read;
use support::event_bus::{PUBLISH, with_bus};
use support::parties::PROFESSIONAL;
use support::payees::{APPROVALS, Job};
use support::world::{COMPANY, World, bare};

async fn recover_a_case(world: &World) {
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.succeed("mem_1", "pay_1", world.now() + chrono::Duration::minutes(1)).await.ok();
}

#[tokio::test]
async fn a_case_and_its_recovery_are_published_once_with_five_fields() {
    let world = World::with_bus().await;
    recover_a_case(&world).await;
    let report = world.publish().await;
    assert_eq!((&report["due"], &report["done"]), (&json!(2), &json!(2)), "{report}");
    assert_eq!((&report["oldest_unsent_seconds"], &report["more"]), (&json!(0), &json!(false)), "{report}");
    let case_id = world.case_of("mem_1").await["case_id"].clone();
    for (received, kind) in world.received().iter().zip(["case.opened", "case.recovered"]) {
        let envelope = (received.bus.as_str(), received.source.as_str(), received.detail_type.as_str());
        assert_eq!(envelope, (BUS, "justonce", kind));
        let expected = json!({
            "event_id": received.detail["event_id"],
            "occurred_at": "2025-11-18T09:02:03.000Z",
            "company_id": COMPANY,
            "kind": kind,
            "subject": case_id,
        });
        assert_eq!(received.detail, expected);
    }
    assert_eq!(world.check_published("at rest").await, 0);
    assert_eq!(world.publish().await["due"], 0);
    assert_eq!(world.asked_bus(), 1, "an empty batch is not sent");
}

/// A week of a marketplace.
async fn deal(world: &World) {
    let stripe = &world.service.sandbox.stripe;
    stripe.add_account_of("acct_1", "usd", COMPANY, PROFESSIONAL);
    let professional = format!("/api/admin/professionals/{PROFESSIONAL}");
    world.keyed(Method::PUT, &professional, "key-account", json!({"stripe_account_id": "acct_1"})).await.ok();
    for (key, ends) in [("done", &["accept", "complete"][..]), ("no", &["decline"]), ("off", &["cancel"])] {
        let booking = world.held(key).await;
        for end in ends {
            world.decide(&booking, end, &format!("{key}-{end}")).await.ok();
        }
    }
    world.add_payee(COMPANY, "user_paid", "usd").await;
    world.add_job(&Job::of(world, "user_paid")).await;
    let approval = json!({"professional_id": "user_paid", "currency": "usd", "amount": 1_000_000});
    world.as_role(Role::Accountant, Method::POST, APPROVALS, Some(approval)).await.ok();
    world.next_payout_morning();
    world.pay_day().await;
}

#[tokio::test]
async fn bookings_payouts_and_payees_are_published_without_personal_data() {
    let world = World::with_bus().await;
    deal(&world).await;
    world.publish().await;
    let kinds = world.published_kinds();
    let times = |kind: &str| kinds.get(kind).copied().unwrap_or_default();
    for (kind, expected) in [
        ("booking.requested", 3),
        ("booking.authorized", 3),
        ("booking.accepted", 1),
        ("booking.declined", 1),
        ("booking.cancelled", 1),
        ("payee.connected", 1),
        ("payout.approved", 1),
    ] {
        assert_eq!(times(kind), expected, "{kind}: {kinds:?}");
    }
    let (made, paid) = (times("payout.transfer_made"), times("booking.paid_out"));
    assert!(made >= 1 && made == paid, "{kinds:?}");
    assert_eq!(times("payout.batch_completed"), 1, "{kinds:?}");
    let text = format!("{:?}", world.received());
    assert!(!text.contains('@') && !text.contains("secret"), "{text}");
    assert_eq!(world.check_published("at rest").await, 0);
}

#[tokio::test]
async fn a_refused_transfer_is_published_and_its_batch_as_incomplete() {
    let world = World::with_bus().await;
    world.add_payee(COMPANY, "user_paid", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_paid")).await;
    world.inject_stripe_fault(stand_ins::fault::Operation::CreateTransfer, "stored:400", Some(1));
    world.next_payout_morning();
    world.pay_day().await;
    world.advance(Duration::minutes(10));
    world.pay_day().await;
    world.publish().await;
    let received = world.received();
    let failed: Vec<&Value> = received
        .iter()
        .filter(|received| received.detail_type == "payout.transfer_failed")
        .map(|received| &received.detail["subject"])
        .collect();
    assert_eq!(failed, [&json!(booking.to_string())], "{:?}", world.published_kinds());
    assert_eq!(world.published_kinds().get("payout.batch_incomplete"), Some(&1));
    assert_eq!(world.published_kinds().get("payout.batch_completed"), None);
}

#[tokio::test]
async fn without_a_bus_nothing_is_queued_and_the_report_says_why() {
    let world = World::start().await;
    recover_a_case(&world).await;
    world.service.dynamo.reset_requests();
    let report = world.publish().await;
    assert_eq!((&report["skipped"], &report["due"]), (&json!("no_event_bus"), &json!(0)), "{report}");
    assert_eq!(world.service.dynamo.requests().len(), 0);
    assert_eq!((world.unpublished().await.len(), world.asked_bus()), (0, 0));
    let jobs = world.read_operations().await["jobs"].clone();
    let job = jobs.as_array().unwrap().iter().find(|job| job["job"] == "event-publisher").unwrap();
    assert_eq!(job["status"], "never_ran");
}

/// The requests to the table of a failed payment, by operation.
async fn cost_of_a_case(world: &World) -> BTreeMap<String, u64> {
    world.add_past_due(COMPANY, "mem_1");
    world.service.dynamo.reset_requests();
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    spent(world)
}

fn spent(world: &World) -> BTreeMap<String, u64> {
    let mut cost = world.service.sandbox.bus.requests();
    for request in world.service.dynamo.requests() {
        *cost.entry(request.operation).or_default() += 1;
    }
    cost
}

async fn cost_of_a_run(world: &World) -> Vec<(String, u64)> {
    world.service.dynamo.reset_requests();
    world.service.sandbox.bus.reset_requests();
    world.publish().await;
    spent(world).into_iter().collect()
}

fn cost(parts: &[(&str, u64)]) -> Vec<(String, u64)> {
    parts.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect()
}

#[tokio::test]
async fn to_write_an_entry_costs_no_request_more_with_a_bus_than_without() {
    let (with, without) = (World::with_bus().await, World::start().await);
    assert_eq!(cost_of_a_case(&with).await, cost_of_a_case(&without).await);
}

#[tokio::test]
async fn an_idle_minute_costs_four_reads_and_one_write_and_ten_entries_one_read_and_ten_writes() {
    let world = World::with_bus().await;
    let idle = cost(&[("Query", 4), ("UpdateItem", 1)]);
    assert_eq!(cost_of_a_run(&world).await, idle);
    for (entries, parcels) in [(1, 1), (10, 1), (11, 2), (35, 4)] {
        world.add_entries(COMPANY, entries).await;
        let n = entries as u64;
        // A run with something to do is added to its hour, which is read first.
        let expected = [
            ("BatchGetItem", parcels),
            ("GetItem", 1),
            ("Query", 4),
            ("UpdateItem", n + 1),
            ("put_events", parcels),
        ];
        assert_eq!(cost_of_a_run(&world).await, cost(&expected), "{entries} entries");
        assert_eq!(cost_of_a_run(&world).await, idle);
    }
    assert_eq!(world.check_published("at rest").await, 0);
}

#[tokio::test]
async fn the_job_is_listed_and_called_like_the_others() {
    let world = World::with_bus().await;
    world.add_entries(COMPANY, 1).await;
    assert_eq!(world.ask(bare(Method::POST, PUBLISH)).await.status, 401);
    assert_eq!(world.operator(Method::GET, PUBLISH).await.ok()["done"], 1);
    world.advance(chrono::Duration::seconds(20));
    let report = world.publish().await;
    let jobs = world.read_operations().await["jobs"].clone();
    let job = jobs.as_array().unwrap().iter().find(|job| job["job"] == "event-publisher").unwrap();
    assert_eq!((&job["status"], &job["last_report"]), (&json!("ok"), &report));
    assert_eq!(report["oldest_unsent_seconds"], 0);
    assert_eq!(with_bus("EVENT_BUS_NAME").as_deref(), Some(BUS));
}

#[test]
fn the_page_for_listeners_lists_every_kind_and_no_other() {
    let page = read("docs/event-bus.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` |"));
    let kinds: Vec<&str> = rows.map(|(kind, _)| kind).filter(|kind| kind.contains('.')).collect();
    assert_eq!(kinds, KINDS);
}
