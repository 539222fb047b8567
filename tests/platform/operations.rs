//! The view of operations, and the resolution of effects in doubt.

use support::staff::push_in_doubt;
use support::staff::resolution;

use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::world::{COMPANY, World};

#[tokio::test]
async fn a_job_is_seen_to_have_never_run_to_run_and_to_be_late() {
    let world = World::start().await;
    let status = |operations: &Value| operations["jobs"][0]["status"].clone();
    assert_eq!(status(&world.read_operations().await), "never_ran");
    world.tick().await;
    let operations = world.read_operations().await;
    assert_eq!((status(&operations), &operations["jobs"][0]["job"]), ("ok".into(), &"reminders".into()));
    world.advance(chrono::Duration::minutes(21));
    assert_eq!(status(&world.read_operations().await), "late");
}

#[tokio::test]
async fn the_share_of_what_failed_is_that_of_the_last_day() {
    let world = World::start().await;
    world.save_settings(json!({"reminder_offsets_days": [0]})).await;
    world.settle().await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.inject_fault(Operation::Memberships, "status:500", Some(1), None);
    world.tick().await;
    world.advance(chrono::Duration::hours(2));
    world.settle().await;
    let last = world.read_operations().await["jobs"][0]["last_24_hours"].clone();
    assert_eq!((&last["done"], &last["failed"]), (&json!(2), &json!(1)), "{last}");
    world.advance(chrono::Duration::hours(26));
    let last = world.read_operations().await["jobs"][0]["last_24_hours"].clone();
    assert_eq!((&last["done"], &last["failed"]), (&json!(0), &json!(0)), "{last}");
}

#[tokio::test]
async fn an_effect_in_doubt_is_listed_with_its_reason_and_without_its_text() {
    let (_world, effect) = push_in_doubt().await;
    assert_eq!((&effect["status"], &effect["kind"]), (&json!("unknown"), &json!("nudge_push")));
    assert_eq!(effect["reason"], "connection_lost");
    let text = effect.to_string();
    assert!(!text.contains("user_1") && !text.contains("template"), "{text}");
}

#[tokio::test]
async fn what_is_in_doubt_is_resolved_once_and_audited() {
    let (world, effect) = push_in_doubt().await;
    let resolved = world.resolve(resolution(&effect, "happened")).await.ok();
    assert_eq!((&resolved["status"], &resolved["reason"]), (&json!("done"), &json!("resolved_by_hand")));
    assert_eq!(world.read_operations().await["in_doubt"]["count"], 0);
    let again = world.resolve(resolution(&effect, "did_not_happen")).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{again:?}");
    let audits = world.rows_of("AUDIT#").await;
    let resolutions: Vec<&Value> = audits.iter().filter(|row| row["kind"] == "effect.resolved").collect();
    assert_eq!(resolutions.len(), 1, "{resolutions:#?}");
    assert!(resolutions[0]["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{resolutions:?}");
    world.settle().await;
    assert_eq!(world.sent(Kind::Push), 1, "nothing is sent again");
}

#[tokio::test]
async fn an_incomplete_or_excessive_resolution_is_refused_field_by_field() {
    let (world, effect) = push_in_doubt().await;
    let id = &effect["case_id"];
    for (body, status) in [
        (json!({}), 400),
        (json!({"case_id": id, "operation": "x", "outcome": "perhaps"}), 400),
        (json!({"case_id": id, "booking_id": id, "operation": "x", "outcome": "happened"}), 400),
        (json!({"case_id": "x", "operation": "x", "outcome": "happened"}), 400),
        (json!({"case_id": id, "operation": "x", "outcome": "did_not_happen", "reference": "tr_1"}), 400),
        (json!({"case_id": id, "operation": "x".repeat(300), "outcome": "happened"}), 400),
        (json!({"case_id": id, "operation": "nudge:none", "outcome": "happened"}), 404),
        (json!({"booking_id": id, "operation": "payout:none:v1", "outcome": "happened"}), 404),
    ] {
        let answer = world.resolve(body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {answer:?}");
    }
    let developer = world
        .as_role(
            Role::Developer,
            Method::POST,
            "/api/operations/resolve",
            Some(resolution(&effect, "happened")),
        )
        .await;
    assert_eq!(developer.status, StatusCode::FORBIDDEN);
}
