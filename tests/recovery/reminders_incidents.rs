//! A provider that turns calls away for a day: what operations, the log and the gauges say while it lasts, and that it
//! is over afterwards.

use std::collections::BTreeSet;

use chrono::Duration;
use serde_json::{Value, json};
use stand_ins::fault::{Operation, Rule};
use stand_ins::outbox::{Kind, Provider};
use support::log::Log;
use support::world::{COMPANY, World};

fn turn_away(world: &World) {
    let kind = "status:429".parse().unwrap();
    let rule = Rule { provider: Provider::Whop, operation: Operation::Any, kind, times: None, company: None };
    world.service.sandbox.faults.add(rule);
}

async fn waiting(world: &World, what: &str) -> Vec<Value> {
    let operations = world.read_operations().await;
    let rows = operations["waiting"]["data"].as_array().unwrap().iter();
    rows.filter(|row| row["what"] == what).cloned().collect()
}

/// The gauge of the newest run, in seconds.
fn oldest_undelivered(log: &Log) -> i64 {
    let line = log.lines_with("oldest_undelivered_reminder").pop().unwrap();
    line["oldest_undelivered_reminder"].as_i64().unwrap()
}

fn text_of(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap().to_owned()
}

/// A company with two members whose first reminder is due now.
async fn two_due_members() -> (World, BTreeSet<String>) {
    let world = World::start().await;
    world.save_settings(json!({"reminder_offsets_days": [0]})).await;
    world.settle().await;
    let mut case_ids = BTreeSet::new();
    for number in ["1", "2"] {
        let membership = format!("mem_{number}");
        world.add_past_due(COMPANY, &membership);
        world.fail(&membership, &format!("pay_{number}"), world.now()).await.ok();
        case_ids.insert(text_of(&world.case_of(&membership).await, "case_id"));
    }
    (world, case_ids)
}

#[tokio::test]
async fn a_day_on_which_whop_turns_calls_away_is_visible_from_the_first_failure_until_it_is_over() {
    let (world, case_ids) = two_due_members().await;
    let began_at = world.now();
    turn_away(&world);
    let (log, guard) = Log::open();
    let mut was_set_aside = false;
    for tick in 0..48 {
        world.tick().await;
        let cases = waiting(&world, "case").await;
        let listed: BTreeSet<String> = cases.iter().map(|row| text_of(row, "case_id")).collect();
        assert_eq!(listed, case_ids, "tick {tick}");
        for row in &cases {
            let why = (&row["provider"], &row["reason"], &row["waits_for"], &row["status"]);
            assert_eq!(why, (&json!("whop"), &json!("rate_limited"), &json!("provider"), &json!("open")));
            assert!(row["tries"].as_i64() > Some(0) && row["next_try_at"].is_string(), "{row:#}");
            assert_eq!(text_of(row, "since"), text_of(&cases[0], "since"), "since it was due");
        }
        let company = waiting(&world, "company").await;
        was_set_aside |=
            company.iter().any(|row| row["reason"] == "rate_limited" && row["next_try_at"].is_string());
        let age = (world.now() - began_at).num_seconds();
        let measured = oldest_undelivered(&log);
        assert!((measured - age).abs() < 60, "tick {tick}: {measured} instead of {age} seconds");
        world.advance(Duration::minutes(30));
    }
    drop(guard);
    assert!(was_set_aside, "a company whose rows only fail is set aside, which is listed");
    let named: BTreeSet<String> = log
        .lines_with("case_id")
        .iter()
        .filter(|line| {
            line["level"] == "warn" && line["provider"] == "whop" && line["reason"] == "rate_limited"
        })
        .map(|line| text_of(line, "case_id"))
        .collect();
    assert_eq!(named, case_ids, "the log names every case that waits");
    assert_eq!(world.sent(Kind::Push) + world.sent(Kind::Dm), 0);

    world.all_well();
    world.advance(Duration::minutes(61));
    let (log, guard) = Log::open();
    world.settle().await;
    drop(guard);
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (2, 2), "each member once");
    let operations = world.read_operations().await;
    assert_eq!(operations["waiting"]["count"], 0, "{operations:#}");
    assert_eq!(oldest_undelivered(&log), 0);
}

#[tokio::test]
async fn a_message_that_whop_turns_away_is_listed_with_its_case_and_operation() {
    let (world, case_ids) = two_due_members().await;
    let rule = |operation| {
        let kind = "status:429".parse().unwrap();
        Rule { provider: Provider::Whop, operation, kind, times: None, company: None }
    };
    world.service.sandbox.faults.add(rule(Operation::Notifications));
    world.service.sandbox.faults.add(rule(Operation::Messages));
    world.tick().await;
    let effects = waiting(&world, "effect").await;
    assert_eq!(effects.len(), 4, "{effects:#?}");
    for row in &effects {
        assert!(case_ids.contains(&text_of(row, "case_id")), "{row:#}");
        let what = (&row["status"], &row["reason"], &row["tries"], &row["provider"]);
        assert_eq!(what, (&json!("prepared"), &json!("rate_limited"), &json!(1), &json!("whop")), "{row:#}");
        assert!(text_of(row, "operation").starts_with("reminder:00:"), "{row:#}");
    }
    world.all_well();
    world.advance(Duration::minutes(61));
    world.settle().await;
    assert_eq!(world.read_operations().await["waiting"]["count"], 0);
}

#[tokio::test]
async fn what_is_overdue_because_the_scheduler_stopped_is_listed_for_its_company() {
    let (world, case_ids) = two_due_members().await;
    assert_eq!(waiting(&world, "overdue").await.len(), 0);
    world.advance(Duration::minutes(16));
    let overdue = waiting(&world, "overdue").await;
    let listed: BTreeSet<String> = overdue.iter().map(|row| text_of(row, "case_id")).collect();
    assert_eq!(listed, case_ids);
    for row in &overdue {
        let why = (&row["reason"], &row["waits_for"], &row["tries"]);
        assert_eq!(why, (&json!("case_overdue"), &json!("schedule"), &json!(0)), "{row:#}");
    }
    world.settle().await;
    assert_eq!(world.read_operations().await["waiting"]["count"], 0);
}
