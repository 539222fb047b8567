//! The service level objectives: counted from stored times, with their error budgets.

use chrono::Duration;
use http::StatusCode;
use serde_json::{Value, json};
use support::log::Log;
use support::world::{COMPANY, World};

async fn objective(world: &World, name: &str) -> Value {
    let operations = world.read_operations().await;
    let all = operations["objectives"].as_array().unwrap().clone();
    all.into_iter().find(|objective| objective["objective"] == name).unwrap()
}

/// Members whose first reminder is due now.
async fn due_members(world: &World, names: &[&str]) {
    for name in names {
        world.add_past_due(COMPANY, &format!("mem_{name}"));
        world.fail(&format!("mem_{name}"), &format!("pay_{name}"), world.now()).await.ok();
    }
}

async fn reminding() -> World {
    let world = World::start().await;
    world.save_settings(json!({"reminder_offsets_days": [0]})).await;
    world.settle().await;
    world
}

#[tokio::test]
async fn a_reminder_counts_by_the_time_between_its_plan_and_its_delivery() {
    let world = reminding().await;
    due_members(&world, &["1"]).await;
    world.tick().await;
    let kept = objective(&world, "reminders_within_five_minutes").await;
    assert_eq!((&kept["good"], &kept["total"], &kept["budget_left"]), (&json!(2), &json!(2), &json!(1.0)));

    due_members(&world, &["2"]).await;
    world.advance(Duration::minutes(20));
    world.tick().await;
    let within_5_minutes = objective(&world, "reminders_within_five_minutes").await;
    let within_1_hour = objective(&world, "reminders_within_one_hour").await;
    assert_eq!((&within_5_minutes["good"], &within_5_minutes["total"]), (&json!(2), &json!(4)));
    assert_eq!((&within_1_hour["good"], &within_1_hour["total"]), (&json!(4), &json!(4)));
    assert!(within_5_minutes["budget_left"].as_f64() < Some(0.0), "{within_5_minutes:#}");
}

#[tokio::test]
async fn the_burn_rate_rises_after_three_misses_and_falls_with_the_hour() {
    let world = reminding().await;
    let burn_rate = async || {
        let (log, guard) = Log::open();
        world.tick().await;
        drop(guard);
        log.lines_with("burn_rate").pop().unwrap()["burn_rate"].as_f64().unwrap()
    };
    due_members(&world, &["1"]).await;
    world.advance(Duration::minutes(20));
    assert!(burn_rate().await < 6.0, "two late messages of one member are no burning budget");
    due_members(&world, &["2"]).await;
    world.advance(Duration::minutes(20));
    assert!(burn_rate().await > 6.0);
    world.advance(Duration::hours(2));
    assert!(burn_rate().await < 6.0, "it does not go on");
}

#[tokio::test]
async fn a_request_for_a_booking_counts_as_missed_only_if_it_failed_because_of_us() {
    let world = World::start().await;
    world.held("key-1").await;
    let kept = objective(&world, "bookings_accepted").await;
    assert_eq!((&kept["good"], &kept["total"]), (&json!(1), &json!(1)), "{kept:#}");
    let wrong = world.owner(http::Method::POST, "/api/bookings", Some(json!({}))).await;
    assert!(wrong.status.is_client_error() && wrong.status != StatusCode::OK);
    assert_eq!(objective(&world, "bookings_accepted").await["total"], 1, "a wrong request is not counted");
}
