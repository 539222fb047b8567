//! The rules that delay or reduce a payout: debts, limits, accounts, disputes, refusals.

use std::collections::BTreeSet;

use chrono::Duration;
use http::{Method, StatusCode};
use local::embedded::EmbeddedDynamo;
use serde_json::{Value, json};
use shared::domain::kernel::account::Role;
use shared::domain::marketplace::booking::BookingStatus;
use stand_ins::fault::Operation;

use crate::payouts::FRIDAY;
use support::payees::TUESDAY;
use support::payees::{APPROVALS, Job, LISTED};
use support::world::{COMPANY, World};

#[easy_ext::ext(PayoutRulesSteps)]
pub impl World {
    /// A world whose deployment has limits, such as `PAYOUT_MINIMUM`.
    async fn limited(limits: &'static [(&'static str, &'static str)]) -> Self {
        let lookup = move |name: &str| {
            limits.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Self::with(EmbeddedDynamo::memory(), lookup).await
    }

    async fn approve(&self, role: Role, body: Value) -> support::world::Answer {
        self.as_role(role, Method::POST, APPROVALS, Some(body)).await
    }
}

#[tokio::test]
async fn a_debt_is_withheld_from_the_oldest_share_first_and_has_its_own_line() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_debt("user_p", 5_000).await;
    let job = Job { fee: 0, ..Job::of(&world, "user_p") };
    let older = Job { completed_at: job.completed_at - Duration::hours(1), ..job.clone() };
    let small = world.add_job(&older.priced(3_000, "usd")).await;
    let large = world.add_job(&job).await;
    world.pay_day().await;
    let transfers = world.transfers();
    assert_eq!((transfers.len(), transfers[0].amount), (1, 8_000), "two of the five thousand were left");
    assert_eq!(transfers[0].metadata["carried_amount"], "2000");
    let batch = world.batch(TUESDAY).await;
    let line = json!({
        "professional_id": "user_p", "currency": "usd", "before_amount": 5_000, "used_amount": 5_000, "after_amount": 0,
    });
    assert_eq!(batch["carried"], json!([line]));
    assert_eq!(batch["totals"][0]["carried_amount"], 5_000);
    assert_eq!(world.entry(TUESDAY, small).await["status"], "settled");
    for booking in [small, large] {
        assert_eq!(world.booking_of(booking).await.status, BookingStatus::PaidOut);
    }
    for word in ["carried", "owed", "reserved"] {
        assert_eq!(world.balance("user_p", "usd", word).await, 0, "{word}");
    }
}

#[tokio::test]
async fn a_debt_larger_than_all_shares_is_carried_forward() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_debt("user_p", 20_000).await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 0);
    let line = &world.batch(TUESDAY).await["carried"][0];
    assert_eq!((&line["before_amount"], &line["after_amount"]), (&json!(20_000), &json!(11_500)));
    assert_eq!(world.balance("user_p", "usd", "carried").await, 11_500);
}

#[tokio::test]
async fn a_debt_is_kept_back_once_while_its_transfer_is_in_doubt() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_debt("user_p", 1_000).await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.advance(LISTED);
    world.inject_stripe_fault(Operation::CreateTransfer, "drop_after", None);
    world.pay_day().await;
    assert_eq!(world.balance("user_p", "usd", "reserved").await, 1_000);
    assert_eq!(world.batch(TUESDAY).await["status"], "waiting");
    world.all_well();
    world.add_job(&Job::of(&world, "user_p")).await;
    world.pay_day().await;
    let amounts: Vec<i64> = world.transfers().iter().map(|transfer| transfer.amount).collect();
    assert_eq!(amounts, [7_500, 8_500], "nothing is kept back twice");
    world.advance(Duration::minutes(10));
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2, "the same key again made no third");
    for word in ["carried", "owed", "reserved"] {
        assert_eq!(world.balance("user_p", "usd", word).await, 0, "{word}");
    }
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(2)), "{batch:#}");
}

#[tokio::test]
async fn a_professional_sees_what_to_fix_and_is_paid_once_it_is_fixed() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_restricted", "usd").await;
    world.add_payee(COMPANY, "user_gone", "usd").await;
    world.add_payee(COMPANY, "user_pesos", "cop").await;
    let stripe = &world.service.sandbox.stripe;
    stripe.restrict_account("acct_restricted", Some("requirements.past_due"));
    stripe.delete_account("acct_gone");
    for (professional, reason) in [
        ("user_none", "stripe_account_missing"),
        ("user_gone", "stripe_account_missing"),
        ("user_restricted", "stripe_account_restricted"),
        ("user_pesos", "currency_mismatch"),
    ] {
        let booking = world.add_job(&Job::of(&world, professional)).await;
        world.pay_day().await;
        let entry = world.entry(TUESDAY, booking).await;
        assert_eq!(
            (&entry["status"], &entry["reason"]),
            (&json!("skipped"), &json!(reason)),
            "{professional}"
        );
        assert!(entry["message"].as_str().unwrap().ends_with('.'), "{entry}");
    }
    assert_eq!(world.pay_day().await["due"], 0, "it is not due again on the same day");
    assert!(world.transfers().is_empty());
    stripe.restrict_account("acct_restricted", None);
    world.add_payee(COMPANY, "user_none", "usd").await;
    world.add_payee(COMPANY, "user_pesos", "usd").await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 3);
    let batch = world.batch(FRIDAY).await;
    assert_eq!((&batch["counts"]["done"], &batch["counts"]["skipped"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn shares_below_the_minimum_roll_forward_until_they_reach_it() {
    let world = World::limited(&[("PAYOUT_MINIMUM", "usd=10000")]).await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let first = world.add_job(&Job::of(&world, "user_p")).await;
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, first).await["reason"], "below_minimum");
    assert!(world.transfers().is_empty());
    world.add_job(&Job::of(&world, "user_p")).await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 2);
    assert_eq!(world.entry(FRIDAY, first).await["status"], "done");
}

#[tokio::test]
async fn pesos_have_cents_and_wait_for_stripes_minimum() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "cop").await;
    let job = |price| Job { fee: 0, ..Job::of(&world, "user_p").priced(price, "cop") };
    world.add_job(&job(13_999_999)).await;
    world.pay_day().await;
    assert!(world.transfers().is_empty(), "139 999.99 pesos are below 140 000");
    world.add_job(&job(1_000_000)).await;
    world.next_payout_morning();
    world.pay_day().await;
    // Both were done at the same moment, so that either may come first.
    let amounts: BTreeSet<i64> = world.transfers().iter().map(|transfer| transfer.amount).collect();
    assert_eq!(amounts, BTreeSet::from([13_999_999, 1_000_000]));
}

#[tokio::test]
async fn a_large_amount_needs_a_second_person_for_just_that_much() {
    let world = World::limited(&[("PAYOUT_APPROVAL_ABOVE", "usd=8000")]).await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["reason"], "awaiting_approval");
    let asked = world.process(Role::Provider, false).await;
    let wanted = json!([{"professional_id": "user_p", "currency": "usd", "amount": 8_500}]);
    assert_eq!(asked["awaiting_approval"], wanted);
    let approval = |amount| json!({"professional_id": "user_p", "currency": "usd", "amount": amount});
    world.approve(Role::Provider, approval(8_500)).await.ok();
    assert_eq!(world.process(Role::Provider, false).await["transfers"], json!([]), "of one's own asking");
    world.approve(Role::Accountant, approval(8_499)).await.ok();
    assert_eq!(world.process(Role::Provider, false).await["transfers"], json!([]), "too little");
    world.approve(Role::Accountant, approval(8_500)).await.ok();
    assert_eq!(world.process(Role::Provider, false).await["transfers"].as_array().unwrap().len(), 1);
    assert_eq!(world.transfers().len(), 1);
    let other = world.add_job(&Job { fee: 0, ..Job::of(&world, "user_p").priced(8_500, "usd") }).await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(
        world.entry(FRIDAY, other).await["reason"],
        "awaiting_approval",
        "an approval is for one batch"
    );
    let audit = world.items(&format!("AUDIT#{COMPANY}")).await;
    let approvals = audit.iter().filter(|row| row["kind"].as_s().unwrap() == "payout.approved");
    assert_eq!(approvals.count(), 3);
}

#[tokio::test]
async fn the_starter_of_a_batch_cannot_approve_it_and_unknown_professionals_cannot_be_approved() {
    let world = World::limited(&[("PAYOUT_APPROVAL_ABOVE", "usd=8000")]).await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    world.add_job(&Job::of(&world, "user_p")).await;
    world.process(Role::Provider, false).await;
    let approval = json!({"professional_id": "user_p", "currency": "usd", "amount": 8_500});
    let answer = world.approve(Role::Provider, approval.clone()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    world.approve(Role::Accountant, approval).await.ok();
    for (wrong, status) in [
        (json!({"professional_id": "user_nobody", "currency": "usd", "amount": 1}), StatusCode::NOT_FOUND),
        (json!({"professional_id": "", "currency": "usd", "amount": 1}), StatusCode::BAD_REQUEST),
        (json!({"professional_id": "user_p", "currency": "dollars", "amount": 1}), StatusCode::BAD_REQUEST),
        (json!({"professional_id": "user_p", "currency": "usd", "amount": 0}), StatusCode::BAD_REQUEST),
        (json!({"professional_id": "user_p", "currency": "usd", "amount": 1.5}), StatusCode::BAD_REQUEST),
        (
            json!({"professional_id": "user_p", "currency": "usd", "amount": 10_000_000_000_000_000_000_u64}),
            StatusCode::BAD_REQUEST,
        ),
        (json!({"professional_id": "user_p", "currency": "usd"}), StatusCode::BAD_REQUEST),
        (
            json!({"professional_id": "user_p", "currency": "usd", "amount": 1, "note": ""}),
            StatusCode::BAD_REQUEST,
        ),
    ] {
        assert_eq!(world.approve(Role::Accountant, wrong.clone()).await.status, status, "{wrong}");
    }
}
