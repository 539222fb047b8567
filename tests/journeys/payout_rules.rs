//! What stands between a professional and the money: debts, limits, accounts, disputes, refusals.

use chrono::Duration;
use http::{Method, StatusCode};
use local::embedded::EmbeddedDynamo;
use local::fault::{Operation, Rule};
use local::outbox::Provider;
use serde_json::{Value, json};
use shared::domain::account::Role;
use shared::domain::booking::{BookingState, DisputeStatus, What};
use shared::domain::money::{Currency, Money};
use shared::domain::party::{BookingId, TransferId};
use shared::domain::payout::BatchId;

use crate::payees::{APPROVALS, Job, account_of};
use crate::payouts::{FRIDAY, TUESDAY};
use crate::world::{COMPANY, World};

pub fn usd(amount: i64) -> Money {
    Money { amount, currency: Currency::parse("usd").unwrap() }
}

impl World {
    /// A world whose deployment has limits, such as `PAYOUT_MINIMUM`.
    pub async fn limited(limits: &'static [(&'static str, &'static str)]) -> Self {
        let lookup = move |name: &str| {
            limits.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Self::with(EmbeddedDynamo::memory(), lookup).await
    }

    /// A professional who owes so much: paid for a job whose price went back later.
    pub async fn add_debt(&self, professional: &str, amount: i64) -> BookingId {
        let job = Job { fee: 0, ..Job::of(self, professional).priced(amount, "usd") };
        let booking = self.add_job(&job).await;
        let batch = BatchId::parse("payout-2025-11-14-fri").unwrap();
        let transfer = Some(TransferId::parse("tr_earlier").unwrap());
        self.happens(booking, What::PaidOut { batch, transfer, money: usd(amount), carried_amount: 0 }).await;
        self.advance(Duration::milliseconds(1));
        self.happens(booking, What::Refunded { money: usd(amount) }).await;
        assert_eq!(self.balance(professional, "usd", "carried").await, amount);
        booking
    }

    pub fn stripe_trouble(&self, operation: Operation, kind: &str, times: Option<u32>) {
        let kind = kind.parse().unwrap();
        let rule = Rule { provider: Provider::Stripe, operation, kind, times, company: None };
        self.service.sandbox.faults.add(rule);
    }

    async fn approve(&self, role: Role, body: Value) -> crate::world::Answer {
        self.as_role(role, Method::POST, APPROVALS, Some(body)).await
    }
}

#[tokio::test]
async fn a_debt_is_kept_back_of_the_oldest_first_and_said_in_a_line_of_its_own() {
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
    assert_eq!(world.entry(TUESDAY, small).await["state"], "settled");
    for booking in [small, large] {
        assert_eq!(world.booking_of(booking).await.state, BookingState::PaidOut);
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
    world.stripe_trouble(Operation::CreateTransfer, "drop_after", None);
    world.pay_day().await;
    assert_eq!(world.balance("user_p", "usd", "reserved").await, 1_000);
    assert_eq!(world.batch(TUESDAY).await["status"], "processing");
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
async fn a_professional_reads_what_to_mend_and_is_paid_once_it_is_mended() {
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
            (&entry["state"], &entry["reason"]),
            (&json!("skipped"), &json!(reason)),
            "{professional}"
        );
        assert!(entry["message"].as_str().unwrap().ends_with('.'), "{entry}");
    }
    assert_eq!(world.pay_day().await["due"], 0, "nobody looks again on the same day");
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
    assert_eq!(world.entry(FRIDAY, first).await["state"], "done");
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
    let amounts: Vec<i64> = world.transfers().iter().map(|transfer| transfer.amount).collect();
    assert_eq!(amounts, [13_999_999, 1_000_000]);
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
async fn whoever_started_the_batch_does_not_approve_it_and_nobody_approves_a_stranger() {
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

#[tokio::test]
async fn what_stripe_refuses_is_tried_again_by_the_next_batch_as_another_version() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job { names_charge: false, ..Job::of(&world, "user_p") }).await;
    world.service.sandbox.stripe.set_balance("usd", 50_000);
    let stripe = world.service.sandbox.stripe.clone();
    // The money is gone between the look and the transfer.
    world.service.sandbox.faults.intercept(std::sync::Arc::new(move |_, operation| {
        if operation == Operation::CreateTransfer {
            stripe.set_balance("usd", 10);
        }
        None
    }));
    world.pay_day().await;
    world.service.sandbox.faults.stop_intercepting();
    let entry = world.entry(TUESDAY, booking).await;
    assert_eq!((&entry["state"], &entry["reason"]), (&json!("rejected"), &json!("balance_insufficient")));
    assert!(entry["message"].as_str().unwrap().contains("balance"), "{entry}");
    world.service.sandbox.stripe.set_balance("usd", 50_000);
    for _ in 0..3 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
        assert!(world.transfers().is_empty(), "not on the same day, unless a person asks");
    }
    assert_eq!(world.batch(TUESDAY).await["status"], "completed");
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
    assert_eq!(world.entry(FRIDAY, booking).await["operation"], format!("payout:{booking}:v2"));
}

#[tokio::test]
async fn a_person_may_have_it_tried_again_on_the_same_day() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.stripe_trouble(Operation::CreateTransfer, "stored:400", Some(1));
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["state"], "rejected");
    let ran = world.process(Role::Provider, false).await;
    assert_eq!(ran["transfers"][0]["operation"], format!("payout:{booking}:v2"));
    let batch = world.batch(TUESDAY).await;
    assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(1)), "{batch:#}");
    assert_eq!(batch["started_by"]["kind"], "schedule", "who began it stays");
}

#[tokio::test]
async fn without_the_charge_the_platforms_balance_decides_and_who_waited_longest_comes_first() {
    let world = World::start().await;
    let mut bookings = Vec::new();
    for (professional, hours) in [("user_p", 30), ("user_q", 40), ("user_r", 50)] {
        // Without an account at first: who connects one is looked at at once.
        let completed_at = world.now() - Duration::hours(hours);
        let job = Job { names_charge: false, completed_at, ..Job::of(&world, professional) };
        bookings.push(world.add_job(&job).await);
        world.add_payee(COMPANY, professional, "usd").await;
    }
    world.service.sandbox.stripe.set_balance("usd", 17_000);
    world.pay_day().await;
    let states: Vec<Value> = [
        world.entry(TUESDAY, bookings[0]).await,
        world.entry(TUESDAY, bookings[1]).await,
        world.entry(TUESDAY, bookings[2]).await,
    ]
    .iter()
    .map(|entry| entry["state"].clone())
    .collect();
    assert_eq!(states, ["skipped", "done", "done"]);
    assert_eq!(world.entry(TUESDAY, bookings[0]).await["reason"], "platform_balance_low");
}

#[tokio::test]
async fn a_disputed_booking_waits_and_says_so() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    let dispute = |status| What::Disputed { dispute_id: "dp_1".to_owned(), status, money: usd(10_000) };
    world.happens(booking, dispute(DisputeStatus::NeedsResponse)).await;
    world.pay_day().await;
    assert_eq!(world.entry(TUESDAY, booking).await["reason"], "disputed");
    world.advance(Duration::hours(1));
    world.happens(booking, dispute(DisputeStatus::Won)).await;
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
}

#[tokio::test]
async fn a_transfer_that_never_left_is_withdrawn_when_the_booking_changes() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.stripe_trouble(Operation::CreateTransfer, "status:429", None);
    let report = world.pay_day().await;
    assert_eq!((&report["failed"], &report["more"]), (&json!(1), &json!(true)));
    world.all_well();
    world.happens(booking, What::Refunded { money: usd(4_000) }).await;
    world.advance(Duration::minutes(10));
    world.pay_day().await;
    let entry = world.entry(TUESDAY, booking).await;
    assert_eq!((&entry["state"], &entry["reason"]), (&json!("rejected"), &json!("amount_changed")));
    world.next_payout_morning();
    world.pay_day().await;
    let transfers = world.transfers();
    assert_eq!((transfers.len(), transfers[0].amount), (1, 5_100), "of what is left");
}

#[tokio::test]
async fn a_run_that_stripe_turns_away_makes_no_further_calls() {
    let world = World::start().await;
    for n in 0..12 {
        let professional = format!("user_{n}");
        world.add_payee(COMPANY, &professional, "usd").await;
        world.add_job(&Job::of(&world, &professional)).await;
        world.add_job(&Job::of(&world, &professional)).await;
    }
    world.stripe_trouble(Operation::CreateTransfer, "status:429", None);
    world.service.sandbox.stripe.reset_requests();
    let report = world.pay_day().await;
    assert_eq!(report["more"], true);
    let asked = world.service.sandbox.stripe.requests()["create_transfer"];
    assert!(asked <= 8, "only those on their way at that moment: {asked}");
    world.all_well();
    for _ in 0..3 {
        world.advance(Duration::minutes(10));
        world.pay_day().await;
    }
    assert_eq!(world.transfers().len(), 24);
    assert_eq!(world.batch(TUESDAY).await["counts"]["done"], 24);
}

#[tokio::test]
async fn a_transfer_that_was_reversed_before_it_was_heard_of_is_written_down_with_its_reversal() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    world.stripe_trouble(Operation::CreateTransfer, "drop_after", Some(1));
    world.pay_day().await;
    let transfer = world.transfers()[0].id.clone();
    world.service.sandbox.stripe.reverse_transfer(&transfer, 8_500);
    // The key is forgotten, so that the transfer is looked up.
    world.next_payout_morning();
    world.pay_day().await;
    assert_eq!(world.transfers().len(), 1);
    let amounts = world.booking_of(booking).await.amounts;
    assert_eq!((amounts.transferred, amounts.reversed), (8_500, 8_500));
    assert_eq!(world.balance("user_p", "usd", "reversed").await, 8_500);
    assert_eq!(world.entry(TUESDAY, booking).await["transfer_id"], transfer);
}

#[tokio::test]
async fn an_account_that_closes_between_the_look_and_the_transfer_is_a_reason_like_any_other() {
    let world = World::start().await;
    world.add_payee(COMPANY, "user_p", "usd").await;
    let booking = world.add_job(&Job::of(&world, "user_p")).await;
    let dry = world.process(Role::Provider, true).await;
    assert_eq!(dry["transfers"].as_array().unwrap().len(), 1);
    let stripe = world.service.sandbox.stripe.clone();
    world.service.sandbox.faults.intercept(std::sync::Arc::new(move |_, operation| {
        if operation == Operation::CreateTransfer {
            stripe.delete_account(&account_of("user_p"));
        }
        None
    }));
    world.process(Role::Provider, false).await;
    world.service.sandbox.faults.stop_intercepting();
    assert_eq!(world.entry(TUESDAY, booking).await["state"], "rejected");
    let again = world.process(Role::Provider, false).await;
    assert_eq!(again["skips"][0]["reason"], "stripe_account_missing");
    assert!(world.transfers().is_empty());
}
