//! Switches: who may turn which, what two operators see, and the audit log.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;

use support::findings::PLATFORM;
use support::switches::SWITCHES;
use support::world::{COMPANY, World};

/// A request to turn a switch off.
fn off(note: &str) -> Value {
    json!({"is_on": false, "note": note})
}

/// One switch of the list, as a company's staff sees it.
async fn listed(world: &World, company: &str, scope: &str, switch: &str) -> Value {
    let list = world.staff_reads(company, SWITCHES).await;
    let rows = list["data"].as_array().unwrap();
    let is_it = |row: &&Value| row["scope"] == scope && row["switch"] == switch;
    let found: Vec<&Value> = rows.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{list}");
    found[0].clone()
}

#[tokio::test]
async fn a_switch_that_nobody_turned_is_on() {
    let world = World::start().await;
    for scope in ["deployment", "company"] {
        for switch in ["payouts", "reminders", "incentives", "auto_decline"] {
            let row = listed(&world, COMPANY, scope, switch).await;
            assert_eq!((&row["is_on"], &row["at"], &row["by"]), (&json!(true), &json!(null), &json!(null)));
        }
    }
    let on = world.turn((COMPANY, Role::Provider), "payouts", json!({"is_on": true})).await.ok();
    assert_eq!((&on["changed"], &on["at"]), (&json!(false), &json!(null)), "{on}");
    assert_eq!(world.switched_off().await.len(), 0);
    assert_eq!(world.audited("switch.turned_on").await.len(), 0);
}

#[tokio::test]
async fn the_second_operator_is_told_who_was_first_since_when_and_why() {
    let world = World::start().await;
    let first = world.turn((COMPANY, Role::Provider), "payouts", off("Stripe is down.")).await.ok();
    assert_eq!(first["changed"], true);
    world.advance(chrono::Duration::minutes(3));
    let second = world.turn((COMPANY, Role::Accountant), "payouts", off("Nobody gets money.")).await.ok();
    assert_eq!(second["changed"], false, "{second}");
    for field in ["is_on", "note", "by", "at"] {
        assert_eq!(second[field], first[field], "{field}");
    }
    assert_eq!(second["note"], "Stripe is down.");
    let audited = world.audited("switch.turned_off").await;
    assert_eq!(audited.len(), 1, "{audited:?}");
    assert_eq!((&audited[0]["cause"], &audited[0]["subject"]), (&first["by"], &json!("payouts")));
    assert!(audited[0]["detail"].as_str().unwrap().contains("Stripe is down."), "{audited:?}");
    let on = world.turn((COMPANY, Role::Accountant), "payouts", json!({"is_on": true})).await.ok();
    assert_eq!((&on["changed"], &on["note"]), (&json!(true), &json!(null)));
    assert_eq!(world.audited("switch.turned_on").await.len(), 1);
    assert_eq!(world.switched_off().await.len(), 0);
}

#[tokio::test]
async fn of_two_operators_at_the_same_moment_one_turns_the_switch() {
    let world = World::start().await;
    for round in 0..5 {
        let (one, other) = tokio::join!(
            world.turn((PLATFORM, Role::Provider), "reminders", off("One.")),
            world.turn((PLATFORM, Role::Accountant), "reminders", off("Other.")),
        );
        let (one, other) = (one.ok(), other.ok());
        let changed = [&one, &other].iter().filter(|answer| answer["changed"] == true).count();
        assert_eq!((changed, &one["note"], &one["by"]), (1, &other["note"], &other["by"]), "{one} {other}");
        assert_eq!(world.audited("switch.turned_off").await.len(), round + 1);
        world.turn_everywhere("reminders", true).await;
    }
}

#[tokio::test]
async fn the_same_key_gets_the_first_answer_again() {
    let world = World::start().await;
    let turn = async |key: &str, is_on: bool| {
        let body = json!({"is_on": is_on, "note": "Wrong texts."});
        let mut request = world.owner_request(
            COMPANY,
            support::world::OWNER,
            Method::PUT,
            &format!("{SWITCHES}/reminders"),
            Some(body),
        );
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        world.ask(request).await.ok()
    };
    let first = turn("a", false).await;
    turn("b", true).await;
    assert_eq!(turn("a", false).await, first, "replayed, and not turned off once more");
    assert_eq!(listed(&world, COMPANY, "company", "reminders").await["is_on"], true);
}

#[tokio::test]
async fn owners_turn_what_is_theirs_and_not_what_staff_turned() {
    let world = World::start().await;
    let owner = (COMPANY, Role::Owner);
    for switch in ["payouts", "auto_decline"] {
        let answer = world.turn(owner, switch, off("No.")).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    }
    for switch in ["reminders", "incentives"] {
        assert_eq!(world.turn(owner, switch, off("A holiday.")).await.ok()["company_id"], COMPANY);
        assert_eq!(world.turn(owner, switch, json!({"is_on": true})).await.ok()["changed"], true);
        world.turn_own(switch, false).await;
        let answer = world.turn(owner, switch, json!({"is_on": true})).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
        assert_eq!(world.turn_own(switch, true).await["changed"], true);
    }
    let developer = world.turn((COMPANY, Role::Developer), "payouts", off("No.")).await;
    assert_eq!(developer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn only_the_platforms_staff_turns_switches_of_others() {
    let world = World::start().await;
    let named = |company: &str| json!({"is_on": false, "note": "Stop.", "company_id": company});
    let foreign = world.turn((COMPANY, Role::Provider), "payouts", named("biz_other")).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    let own = world.turn((COMPANY, Role::Provider), "payouts", named(COMPANY)).await.ok();
    assert_eq!((&own["scope"], &own["company_id"]), (&json!("company"), &json!(COMPANY)));
    let other = world.turn((PLATFORM, Role::Provider), "payouts", named("biz_other")).await.ok();
    assert_eq!((&other["scope"], &other["company_id"]), (&json!("company"), &json!("biz_other")));
    let all = world.turn((PLATFORM, Role::Provider), "payouts", off("Ask Ann about biz_other.")).await.ok();
    assert_eq!((&all["scope"], &all["company_id"]), (&json!("deployment"), &json!(null)));
    assert_eq!(listed(&world, PLATFORM, "deployment", "payouts").await["note"], "Ask Ann about biz_other.");
    let seen = listed(&world, COMPANY, "deployment", "payouts").await;
    assert_eq!((&seen["is_on"], &seen["at"]), (&json!(false), &json!("2025-11-18T09:02:03.000Z")));
    assert_eq!((&seen["note"], &seen["by"]), (&json!(null), &json!(null)), "for the platform only");
    let companies = |list: &Value| -> Vec<String> {
        let rows = list["data"].as_array().unwrap().iter();
        rows.filter_map(|row| row["company_id"].as_str().map(str::to_owned)).collect()
    };
    assert!(companies(&world.staff_reads(PLATFORM, SWITCHES).await).contains(&"biz_other".to_owned()));
    assert!(!companies(&world.staff_reads(COMPANY, SWITCHES).await).contains(&"biz_other".to_owned()));
}

#[tokio::test]
async fn a_request_that_says_no_reason_or_no_switch_is_refused() {
    let world = World::start().await;
    for (switch, body, status) in [
        ("payouts", json!({}), 400),
        ("payouts", json!({"is_on": "no"}), 400),
        ("payouts", json!({"is_on": false}), 400),
        ("payouts", json!({"is_on": false, "note": " "}), 400),
        ("payouts", json!({"is_on": true, "note": ""}), 400),
        ("payouts", json!({"is_on": false, "note": "x".repeat(501)}), 400),
        ("payouts", json!({"is_on": false, "note": "x", "company_id": "alpha"}), 400),
        ("payouts", json!({"is_on": false, "note": "x", "until": "tomorrow"}), 400),
        ("auto-decline", off("x"), 404),
        ("everything", off("x"), 404),
    ] {
        let answer = world.turn((COMPANY, Role::Provider), switch, body.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{switch} {body}: {answer:?}");
    }
    assert_eq!(world.rows_of("SWITCHES").await.len(), 0);
}

/// The history of a switch: what, which company's, who and why.
fn turned(history: &Value) -> Vec<(Value, Value, Value, Value)> {
    let rows = history["data"].as_array().unwrap().iter();
    rows.map(|row| {
        (row["name"].clone(), row["company_id"].clone(), row["actor"].clone(), row["detail"].clone())
    })
    .collect()
}

#[tokio::test]
async fn the_history_of_a_switch_tells_who_turned_it_when_and_why() {
    let world = World::start().await;
    const HISTORY: &str = "/api/history/switch/reminders";
    let nobody = world.staff_reads(PLATFORM, HISTORY).await;
    assert_eq!(nobody["data"], json!([]), "nobody turned it yet");
    let all = world.turn((PLATFORM, Role::Provider), "reminders", off("Ask Ann about biz_other.")).await.ok();
    world.advance(chrono::Duration::minutes(1));
    let own = world.turn((COMPANY, Role::Provider), "reminders", off("A wrong text.")).await.ok();
    world.advance(chrono::Duration::minutes(1));
    let other = json!({"is_on": false, "note": "Unpaid.", "company_id": "biz_other"});
    world.turn((PLATFORM, Role::Provider), "reminders", other).await.ok();
    world.advance(chrono::Duration::minutes(1));
    world.turn((COMPANY, Role::Provider), "reminders", json!({"is_on": true})).await.ok();
    world.turn((COMPANY, Role::Provider), "payouts", off("Another switch.")).await.ok();

    let (name, by) = (json!("switch.turned_off"), &all["by"]);
    let of_own = [
        (name.clone(), json!(COMPANY), own["by"].clone(), json!("A wrong text.")),
        (json!("switch.turned_on"), json!(COMPANY), own["by"].clone(), json!(null)),
    ];
    let seen = world.staff_reads(PLATFORM, HISTORY).await;
    let everything = vec![
        (name.clone(), json!(null), by.clone(), json!("Ask Ann about biz_other.")),
        of_own[0].clone(),
        (name.clone(), json!("biz_other"), by.clone(), json!("Unpaid.")),
        of_own[1].clone(),
    ];
    assert_eq!(turned(&seen), everything, "{seen:#}");
    assert_eq!(seen["data"][0]["scope"], "deployment");
    assert_eq!(seen["data"][1]["scope"], "company");
    let first = world.staff_reads(PLATFORM, &format!("{HISTORY}?limit=3")).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = world.staff_reads(PLATFORM, &format!("{HISTORY}?limit=3&cursor={cursor}")).await;
    assert_eq!([turned(&first), turned(&second)].concat(), everything);

    let of_others = [(name, json!(null), json!(null), json!(null)), of_own[0].clone(), of_own[1].clone()];
    let owner = world.owner(Method::GET, HISTORY, None).await.ok();
    assert_eq!(turned(&owner), of_others, "{owner:#}");
    assert_eq!(turned(&world.staff_reads(COMPANY, HISTORY).await), of_others);
    let unknown = world.owner(Method::GET, "/api/history/switch/everything", None).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}
