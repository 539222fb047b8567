//! Reminders and incentives that are switched off.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use stand_ins::fault::Operation;
use stand_ins::outbox::Kind;

use support::findings::PLATFORM;
use support::world::{COMPANY, World, bare};

/// A world with this many open cases, whose first reminder is due.
async fn with_due_cases(count: usize) -> World {
    let world = World::start().await;
    world.add_reminding(COMPANY, &[0, 2]).await;
    world.open_cases(COMPANY, count).await;
    world
}

fn held(report: &Value) -> [&Value; 4] {
    ["due", "skipped", "switched_off", "failed"].map(|name| &report[name])
}

#[tokio::test]
async fn reminders_that_are_switched_off_stay_due_and_are_sent_once_afterwards() {
    let world = with_due_cases(3).await;
    world.turn_everywhere("reminders", false).await;
    for _ in 0..3 {
        let report = world.tick().await;
        assert_eq!(held(&report), [&json!(3), &json!(3), &json!(3), &json!(0)], "{report}");
        assert_eq!(report["more"], false, "{report}");
        world.advance(Duration::hours(2));
    }
    assert_eq!((world.sent(Kind::Push), world.asked(Operation::Memberships)), (0, 0));
    let operations = world.read_operations().await;
    assert_eq!(operations["overdue"]["count"], 0, "nobody has stopped the scheduler: {operations}");
    let off = &operations["switches"][0];
    assert_eq!((&off["switch"], &off["held"]["count"]), (&json!("reminders"), &json!(3)), "{off}");
    assert_eq!(off["held"]["oldest_due_at"], "2025-11-18T09:02:03.000Z");
    world.tick().await;
    // Payouts are late meanwhile, which is another matter.
    let crons = world.ask(bare(Method::GET, "/api/health?type=crons")).await.json();
    assert_eq!(crons["checks"]["crons"]["reminders"]["status"], "ok", "{crons}");
    assert_eq!(crons["checks"]["crons"]["reminders"]["last_report"]["switched_off"], 3);

    world.turn_everywhere("reminders", true).await;
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (3, 3));
    let report = world.tick().await;
    assert_eq!((&report["due"], &report["switched_off"]), (&json!(0), &json!(null)), "{report}");
    assert_eq!(world.sent(Kind::Push), 3);
}

#[tokio::test]
async fn a_company_that_is_switched_off_holds_up_no_other() {
    let world = World::start().await;
    world.add_reminding(COMPANY, &[0, 2]).await;
    world.add_reminding("biz_beta", &[0]).await;
    world.open_cases(COMPANY, 250).await;
    world.open_cases("biz_beta", 2).await;
    let body = json!({"is_on": false, "note": "Wrong texts.", "company_id": COMPANY});
    world.turn((PLATFORM, Role::Provider), "reminders", body).await.ok();
    // Saved settings are work of the same company that the switch does not govern.
    world.remind_on(COMPANY, &[0, 3]).await;
    let report = world.tick().await;
    assert_eq!(held(&report), [&json!(253), &json!(250), &json!(250), &json!(0)], "{report}");
    assert_eq!((&report["done"], world.sent(Kind::Push)), (&json!(3), 2), "{report}");
}

#[tokio::test]
async fn a_pause_in_the_middle_of_a_run_loses_nothing_and_sends_nothing_twice() {
    let world = with_due_cases(12).await;
    world.inject_fault(Operation::Notifications, "slow:300", None, None);
    let pause = async {
        support::backstage::until(|| world.sent(Kind::Push) >= 1).await;
        world.turn_everywhere("reminders", false).await;
        world.advance(Duration::seconds(6));
    };
    let (report, ()) = tokio::join!(world.tick(), pause);
    let sent = world.sent(Kind::Push);
    assert!((1..12).contains(&sent), "{sent} pushes");
    assert_eq!(report["failed"], 0, "{report}");
    let still_off = report["switched_off"].as_u64().unwrap();
    assert_eq!(report["skipped"], still_off, "{report}");
    assert_eq!(report["done"].as_u64().unwrap() + still_off, 12, "{report}");
    world.advance(Duration::minutes(5));
    world.tick().await;
    assert_eq!(world.sent(Kind::Push), sent, "nothing more is sent");

    world.all_well();
    world.turn_everywhere("reminders", true).await;
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::Dm)), (12, 12));
    assert_eq!(world.read_operations().await["in_doubt"]["count"], 0);
}

#[tokio::test]
async fn a_reminder_by_hand_is_refused_while_reminders_are_switched_off() {
    let world = World::start().await;
    let case_id = world.open_case(COMPANY, "mem_1").await;
    let path = format!("/api/cases/{case_id}/nudge");
    world.turn_own("reminders", false).await;
    let refused = world.post(&path, json!({})).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body.contains("Reminders are switched off."), "{refused:?}");
    assert_eq!(world.sent(Kind::Push), 0);
    world.turn_own("reminders", true).await;
    assert_eq!(world.post(&path, json!({})).await.ok()["status"], "done");
    assert_eq!(world.sent(Kind::Push), 1);
}

#[tokio::test]
async fn reminders_go_out_without_free_days_while_incentives_are_switched_off() {
    let world = World::start().await;
    world
        .save_settings(json!({"incentive_days": 5, "dm_enabled": false, "reminder_offsets_days": [0, 2]}))
        .await;
    world.settle().await;
    world.turn_own("incentives", false).await;
    world.add_past_due(COMPANY, "mem_1");
    world.fail("mem_1", "pay_1", world.now()).await.ok();
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::FreeDays)), (1, 0));
    let text = world.service.sandbox.outbox.entries()[0].detail.to_string();
    assert!(!text.contains("free"), "{text}");
    assert_eq!(world.tick().await["due"], 0, "the case waits for its next step");

    world.turn_own("incentives", true).await;
    world.advance(Duration::days(2));
    world.settle().await;
    assert_eq!((world.sent(Kind::Push), world.sent(Kind::FreeDays)), (2, 1));
    let entries = world.service.sandbox.outbox.entries();
    assert!(entries.last().unwrap().detail.to_string().contains("5 free days"), "{entries:?}");
}
