//! Payouts and automatic declines that are switched off.

use chrono::Duration;
use http::Method;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::marketplace::booking::BookingStatus;
use stand_ins::fault::Operation;

use support::findings::PLATFORM;
use support::payees::{Job, PROCESS, TUESDAY};
use support::unanswered::Market;
use support::world::{COMPANY, World, bare};

/// A world on a payout day with this many payable bookings of one professional.
async fn with_payable(bookings: usize) -> World {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    for _ in 0..bookings {
        world.add_job(&Job::of(&world, "user_p")).await;
    }
    world
}

#[tokio::test]
async fn payouts_that_are_switched_off_say_so_and_pay_once_afterwards() {
    let world = with_payable(2).await;
    world.turn_everywhere("payouts", false).await;
    let report = world.pay_day().await;
    assert_eq!((&report["skipped"], &report["due"]), (&json!("switched_off"), &json!(0)), "{report}");
    let crons = world.ask(bare(Method::GET, "/api/health?type=crons")).await.json();
    let payouts = &crons["checks"]["crons"]["payouts"];
    assert_eq!(
        (&payouts["status"], &payouts["last_report"]["skipped"]),
        (&json!("ok"), &json!("switched_off"))
    );
    let off = world.switched_off().await;
    assert_eq!((&off[0]["switch"], &off[0]["held"]["count"]), (&json!("payouts"), &json!(1)), "{off:?}");

    let body = json!({"dry_run": false});
    let refused = world.as_role(Role::Provider, Method::POST, PROCESS, Some(body)).await;
    assert_eq!(refused.status, 409, "{refused:?}");
    assert!(refused.body.contains("Payouts are switched off."), "{refused:?}");
    let dry = world.process(Role::Provider, true).await;
    assert_eq!(dry["transfers"].as_array().unwrap().len(), 2, "a dry run moves nothing: {dry}");
    assert_eq!(world.transfers().len(), 0);

    world.turn_everywhere("payouts", true).await;
    let report = world.pay_day().await;
    assert_eq!((&report["done"], &report["switched_off"]), (&json!(1), &json!(null)), "{report}");
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2);
    world.check_books("after a pause").await;
}

#[tokio::test]
async fn a_company_whose_payouts_are_switched_off_holds_up_no_other() {
    let world = with_payable(1).await;
    world.add_payee("biz_beta", "user_q", "usd").await;
    world.add_job(&Job { company: "biz_beta", ..Job::of(&world, "user_q") }).await;
    let body = json!({"is_on": false, "note": "A dispute.", "company_id": COMPANY});
    world.turn((PLATFORM, Role::Accountant), "payouts", body).await.ok();
    let report = world.pay_day().await;
    let counts = ["due", "done", "skipped", "switched_off", "failed"].map(|name| report[name].clone());
    assert_eq!(counts, [2, 1, 1, 1, 0].map(Value::from), "{report}");
    assert_eq!((report["more"].clone(), world.transfers().len()), (json!(false), 1));
    world.turn_own("payouts", true).await;
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2);
}

#[tokio::test]
async fn a_pause_in_the_middle_of_a_payout_run_leaves_the_rest_for_later() {
    let world = with_payable(6).await;
    world.inject_stripe_fault(Operation::CreateTransfer, "slow:300", None);
    let pause = async {
        support::backstage::until(|| !world.transfers().is_empty()).await;
        world.turn_everywhere("payouts", false).await;
        world.advance(Duration::seconds(6));
    };
    let (report, ()) = tokio::join!(world.pay_day(), pause);
    let paid = world.transfers().len();
    assert!((1..6).contains(&paid), "{paid} transfers");
    let counts = ["done", "skipped", "switched_off", "failed", "in_doubt"].map(|name| report[name].clone());
    assert_eq!(counts, [0, 1, 1, 0, 0].map(Value::from), "{report}");
    // The transfers that were planned and not made are due for the sweep by now.
    world.advance(Duration::minutes(10));
    let report = world.tick().await;
    assert_eq!(report["switched_off"], 6 - paid, "{report}");
    assert_eq!((&report["failed"], world.transfers().len()), (&json!(0), paid), "{report}");
    assert_eq!(world.batch(TUESDAY).await["counts"]["done"], paid);

    world.all_well();
    world.turn_everywhere("payouts", true).await;
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 6);
    world.advance(Duration::minutes(10));
    world.tick().await;
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(6)), "{batch}");
    world.check_books("after a pause in the middle").await;
}

#[tokio::test]
async fn bookings_stay_as_they_are_while_automatic_declines_are_switched_off() {
    let market = Market::open().await;
    let held = market.many_held(COMPANY, 0..3).await;
    market.world.turn_own("auto_decline", false).await;
    market.world.advance(Duration::hours(25));
    let report = market.sweep().await;
    let counts = ["due", "declined", "skipped", "switched_off", "failed"].map(|name| report[name].clone());
    assert_eq!(counts, [3, 0, 3, 3, 0].map(Value::from), "{report}");
    assert_eq!(market.world.tick().await["switched_off"], 3);
    for id in &held {
        assert_eq!(market.status(*id).await, BookingStatus::Authorized);
    }
    assert_eq!(market.counted(), (0, 0));
    let off = market.world.switched_off().await;
    let mut listed: Vec<&str> =
        off[0]["held"]["booking_ids"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut expected: Vec<String> = held.iter().map(ToString::to_string).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected, "{off:?}");
    assert_eq!(market.world.read_operations().await["overdue"]["count"], 0);

    market.world.turn_own("auto_decline", true).await;
    assert_eq!(market.sweep().await["declined"], 3);
    assert_eq!(market.counted(), (3, 3));
}

#[tokio::test]
async fn a_decline_that_is_recorded_is_carried_out_although_the_switch_is_off_by_then() {
    let market = Market::open().await;
    market.many_held(COMPANY, 0..1).await;
    market.world.advance(Duration::hours(25));
    market.world.inject_stripe_fault(Operation::CancelPaymentIntent, "status:503", Some(1));
    market.sweep().await;
    assert_eq!(market.counted(), (0, 0), "declined, and the payment is not released yet");
    market.world.turn_own("auto_decline", false).await;
    market.world.advance(Duration::minutes(5));
    market.sweep().await;
    assert_eq!(market.counted(), (1, 1), "the customer's money is not kept");
}
