//! A dry run changes nothing and says just what the run then does.

use chrono::Duration;
use serde_json::{Value, json};
use shared::domain::account::Role;
use shared::domain::booking::{DisputeStatus, What};

use crate::payees::{Job, PROCESS};
use crate::payout_rules::usd;
use crate::payouts::TUESDAY;
use crate::world::{COMPANY, World};

const LIMITS: &[(&str, &str)] =
    &[("PAYOUT_MINIMUM", "usd=4000,cop=14000000"), ("PAYOUT_APPROVAL_ABOVE", "usd=30000")];

/// Numbers that differ from seed to seed and are the same for the same seed.
pub struct Dice(u64);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn up_to(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn happens(&mut self, in_so_many: u64) -> bool {
        self.up_to(in_so_many) == 0
    }
}

/// A few professionals with anything a marketplace has.
async fn scene(seed: u64) -> World {
    let world = World::limited(LIMITS).await;
    let stripe = &world.service.sandbox.stripe;
    let mut dice = Dice::of(seed);
    for n in 0..1 + dice.up_to(4) {
        let professional = format!("user_{n}");
        match dice.up_to(8) {
            0 => {}
            1 => world.add_payee(COMPANY, &professional, "cop").await,
            kind => {
                world.add_payee(COMPANY, &professional, "usd").await;
                match kind {
                    2 => stripe.restrict_account(&format!("acct_{n}"), Some("requirements.past_due")),
                    3 => stripe.delete_account(&format!("acct_{n}")),
                    _ => {}
                }
            }
        }
        if dice.happens(3) {
            world.add_debt(&professional, 1 + dice.up_to(12_000) as i64).await;
        }
        // Jobs are completed one after the other, as in life.
        let mut ages: Vec<i64> = (0..dice.up_to(5)).map(|_| 20 * 60 + dice.up_to(2_000) as i64).collect();
        ages.sort_unstable_by(|a, b| b.cmp(a));
        for age in ages {
            let job = Job {
                completed_at: world.now() - Duration::minutes(age),
                names_charge: !dice.happens(4),
                ..Job::of(&world, &professional)
            };
            let job = match dice.up_to(5) {
                0 => job.priced(1_000_000 + dice.up_to(30_000_000) as i64, "cop"),
                _ => job.priced(500 + dice.up_to(20_000) as i64, "usd"),
            };
            let booking = world.add_job(&job).await;
            if job.currency == "usd" && dice.happens(6) {
                world
                    .happens(
                        booking,
                        What::Refunded { money: usd(1 + dice.up_to(500) as i64), payment_intent: None },
                    )
                    .await;
            }
            if job.currency == "usd" && dice.happens(8) {
                let (dispute_id, status) = ("dp_1".to_owned(), DisputeStatus::NeedsResponse);
                world
                    .happens(
                        booking,
                        What::Disputed { dispute_id, status, money: usd(100), payment_intent: None },
                    )
                    .await;
            }
        }
    }
    stripe.set_balance("usd", dice.up_to(25_000) as i64);
    world
}

/// The rows of the table, but those that keep answers.
async fn rows(world: &World) -> Vec<Value> {
    let is_answer = |row: &Value| row["pk"].as_str().unwrap().starts_with("IDEMPOTENCY#");
    world.rows().await.into_iter().filter(|row| !is_answer(row)).collect()
}

/// What was transferred for each booking.
fn made(world: &World) -> Vec<Value> {
    let made = world
        .transfers()
        .into_iter()
        .map(|transfer| json!([transfer.metadata["booking_id"], transfer.amount, transfer.currency]));
    let mut made: Vec<Value> = made.collect();
    made.sort_by_key(Value::to_string);
    made
}

fn planned(ran: &Value) -> Vec<Value> {
    let planned = ran["transfers"].as_array().unwrap().iter();
    let mut planned: Vec<Value> =
        planned.map(|it| json!([it["booking_id"], it["amount"], it["currency"]])).collect();
    planned.sort_by_key(Value::to_string);
    planned
}

#[tokio::test]
async fn a_dry_run_is_what_the_run_then_does_whatever_there_is() {
    let (mut transfers, mut skips) = (0, 0);
    for seed in 0..40 {
        let world = scene(seed).await;
        let before = rows(&world).await;
        let mut dry = world.process(Role::Accountant, true).await;
        assert!(rows(&world).await == before, "seed {seed}: nothing is written");
        assert!(world.transfers().is_empty(), "seed {seed}: nothing is moved");
        let mut real = world.process(Role::Accountant, false).await;
        for ran in [&mut dry, &mut real] {
            ran.as_object_mut().unwrap().remove("dry_run");
        }
        assert_eq!(dry, real, "seed {seed}");
        assert_eq!(made(&world), planned(&real), "seed {seed}");
        transfers += planned(&real).len();
        skips += real["skips"].as_array().unwrap().len();
        world.check_books(&format!("seed {seed}")).await;
        let again = world.process(Role::Accountant, true).await;
        assert_eq!((&again["transfers"], &again["settled"]), (&json!([]), &json!([])), "seed {seed}");
        if !real["skips"].as_array().unwrap().is_empty() || !planned(&real).is_empty() {
            assert_eq!(world.batch(TUESDAY).await["status"], "completed", "seed {seed}");
        }
    }
    eprintln!("dry runs: 40 scenes, {transfers} transfers, {skips} skips");
    assert!(transfers > 30 && skips > 50, "the scenes are too tame: {transfers}, {skips}");
}

#[tokio::test]
async fn the_schedule_does_what_a_dry_run_said_as_well() {
    for seed in 100..112 {
        let world = scene(seed).await;
        let dry = world.process(Role::Accountant, true).await;
        world.pay_day().await;
        // Who is due later on the day is looked at by a person only, and is not paid before then.
        assert_eq!(made(&world), planned(&dry), "seed {seed}");
    }
}

#[tokio::test]
async fn a_run_by_hand_says_which_of_the_two_is_meant_and_bears_a_key() {
    let world = World::start().await;
    for wrong in
        [json!({}), json!({"dry_run": "yes"}), json!({"dry_run": null}), json!({"dry_run": true, "batch": 1})]
    {
        let answer = world.as_role(Role::Provider, http::Method::POST, PROCESS, Some(wrong.clone())).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    let answer = world.as_role(Role::Provider, http::Method::POST, PROCESS, None).await;
    assert_eq!(answer.status, 400, "no key");
    let answer =
        world.as_role(Role::Developer, http::Method::POST, PROCESS, Some(json!({"dry_run": true}))).await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn a_person_may_ask_on_any_day_and_is_told_when_there_is_more() {
    let world = World::start().await;
    world.advance(Duration::days(1));
    world.add_payee(COMPANY, "user_p", "usd").await;
    for _ in 0..3 {
        world.add_job(&Job::of(&world, "user_p")).await;
    }
    let ran = world.process(Role::Provider, false).await;
    assert_eq!((&ran["batch_id"], &ran["more"]), (&json!("payout-2025-11-19-wed"), &json!(false)));
    assert_eq!(world.transfers().len(), 3);
    let batch = world.batch("payout-2025-11-19-wed").await;
    assert_eq!(batch["started_by"]["kind"], "person", "{batch:#}");
}
