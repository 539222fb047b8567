//! Payout days: which professionals are paid, how much, when, and why others are not.

use chrono::Duration;
use http::{Method, StatusCode};
use serde_json::json;
use shared::domain::kernel::account::Role;
use shared::domain::kernel::time;
use shared::domain::marketplace::booking::BookingStatus;
use support::payees::TUESDAY;

use support::answer::answered;
use support::payees::{BATCHES, Job, LISTED, PAYOUTS, account_of};
use support::world::{COMPANY, World, secret_request};

pub const FRIDAY: &str = "payout-2025-11-21-fri";

#[tokio::test]
async fn a_professional_is_paid_once_on_tuesday() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.advance(LISTED);
    let report = world.pay_day().await;
    assert_eq!((&report["due"], &report["done"], &report["more"]), (&json!(1), &json!(1), &json!(false)));
    let transfers = world.transfers();
    assert_eq!(transfers.len(), 1);
    let transfer = &transfers[0];
    assert_eq!((transfer.amount, transfer.currency.as_str()), (8_500, "usd"), "less the fee of 15 %");
    assert_eq!(transfer.destination, account_of("user_p"));
    assert_eq!(transfer.transfer_group, Some(format!("booking_{booking}")));
    assert!(transfer.source_transaction.is_some(), "the charge's money need not have arrived");
    assert_eq!(transfer.metadata["booking_id"], booking.to_string());
    assert_eq!(transfer.metadata["batch_id"], TUESDAY);
    assert_eq!(world.booking_of(booking).await.status, BookingStatus::PaidOut);

    let batch = world.batch(TUESDAY).await;
    assert_eq!(batch["status"], "completed", "{batch:#}");
    assert_eq!(batch["started_by"], json!({"kind": "schedule"}));
    assert_eq!((&batch["counts"]["transfers"], &batch["counts"]["done"]), (&json!(1), &json!(1)));
    assert_eq!(batch["totals"][0]["transferred_amount"], 8_500);
    let entry = &batch["data"][0];
    assert_eq!((&entry["status"], &entry["transfer_id"]), (&json!("done"), &json!(transfer.id)));
    for word in ["owed", "carried", "reserved"] {
        assert_eq!(world.balance("user_p", "usd", word).await, 0, "{word}");
    }
    assert_eq!(world.balance("user_p", "usd", "paid").await, -8_500);

    for _ in 0..3 {
        world.advance(Duration::minutes(10));
        assert_eq!(world.pay_day().await["due"], 0);
    }
    world.next_payout_morning();
    assert_eq!(world.pay_day().await["due"], 0);
    assert_eq!(world.transfers().len(), 1);
}

#[tokio::test]
async fn on_any_other_day_there_is_no_payout_and_the_report_says_why() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.advance(Duration::days(1));
    let report = world.pay_day().await;
    assert_eq!((&report["skipped"], &report["due"]), (&json!("not_a_payout_day"), &json!(0)));
    for method in [Method::GET, Method::POST] {
        let answer = world.ask(secret_request(method, PAYOUTS, "sandbox-cron-secret")).await;
        assert_eq!(answer.ok()["skipped"], "not_a_payout_day");
    }
    assert!(world.transfers().is_empty());
    assert_eq!(world.payers_get(BATCHES).await.ok()["data"], json!([]));
}

#[tokio::test]
async fn a_tuesday_in_bogota_that_is_wednesday_in_utc_is_a_payout_day() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    let late = time::parse("2025-11-19T02:00:00.000Z").unwrap();
    world.advance(late - world.now());
    assert_eq!(world.pay_day().await["done"], 1);
    assert_eq!(world.transfers()[0].metadata["batch_id"], TUESDAY);
}

#[tokio::test]
async fn a_late_delivery_is_still_the_run_of_its_day() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    let planned = world.now();
    world.advance(Duration::days(1));
    let response = world.service.fire("payouts", PAYOUTS, planned).await;
    assert_eq!(answered(&Method::POST, PAYOUTS, response).await.ok()["done"], 1);
    assert_eq!(world.transfers()[0].metadata["batch_id"], TUESDAY);
    let response = world.service.fire("payouts", PAYOUTS, planned).await;
    assert_eq!(answered(&Method::POST, PAYOUTS, response).await.ok()["due"], 0);
    assert_eq!(world.transfers().len(), 1);
}

#[tokio::test]
async fn a_booking_waits_for_the_end_of_its_hold_back() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let job = Job { completed_at: world.now() - Duration::hours(23), ..Job::of(&world, "user_p") };
    let late = world.add_job(&job).await;
    world.pay_day().await;
    assert!(world.transfers().is_empty(), "there is no payout before then");
    assert_eq!(world.pay_day().await["due"], 0, "nor looked at again");
    world.advance(Duration::hours(2));
    assert_eq!(world.pay_day().await["done"], 1);
    assert_eq!(world.booking_of(late).await.status, BookingStatus::PaidOut);
}

#[tokio::test]
async fn one_booking_due_and_one_held_back_are_paid_on_their_days() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    let job = Job { completed_at: world.now() - Duration::hours(1), ..Job::of(&world, "user_p") };
    let late = world.add_job(&job).await;
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
    let entry = world.entry(TUESDAY, late).await;
    assert_eq!((&entry["status"], &entry["reason"]), (&json!("skipped"), &json!("held_back")));
    assert!(entry["message"].as_str().unwrap().contains("next payout day"), "{entry}");
    world.advance(Duration::minutes(10));
    assert_eq!(world.pay_day().await["due"], 0, "it is not due before the hold-back ends");
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2);
    assert_eq!(world.entry(FRIDAY, late).await["status"], "done");
}

#[tokio::test]
async fn the_companies_of_two_owners_have_batches_of_their_own() {
    let world = World::start().await;
    world.add_company("biz_beta", "user_beta", true);
    for (company, professional) in [(COMPANY, "user_p"), ("biz_beta", "user_q")] {
        world.add_payee(company, professional, "usd").await;
        world.add_job(&Job { company, ..Job::of(&world, professional) }).await;
    }
    assert_eq!(world.pay_day().await["done"], 2);
    assert_eq!(world.transfers().len(), 2);
    let batch = world.batch(TUESDAY).await;
    assert_eq!(batch["data"].as_array().unwrap().len(), 1, "{batch:#}");
    let token = world.service.sandbox.oidc.bearer(Role::Accountant.as_str(), "biz_gamma");
    let path = format!("{BATCHES}/{TUESDAY}");
    let answer = world.ask(secret_request(Method::GET, &path, &token)).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "another company's is absent");
    let absent = world.payers_get(&format!("{BATCHES}/payout-2025-11-14-fri")).await;
    assert_eq!(absent.status, StatusCode::NOT_FOUND);
    for wrong in ["payout-2025-11-18-wed", "2025-11-18", "payout-2025-11-18-TUE"] {
        let answer = world.payers_get(&format!("{BATCHES}/{wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}
