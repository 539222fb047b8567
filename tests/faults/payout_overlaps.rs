//! Two payout runs at once, and time that passes where it should not.

use std::sync::Arc;

use chrono::Duration;
use http::StatusCode;
use serde_json::json;
use shared::domain::kernel::account::Role;
use shared::domain::marketplace::booking::{BookingFactKind, BookingStatus, DisputeStatus};
use shared::payouts::RunLimits;
use stand_ins::fault::Operation;

use crate::overlaps::{At, held_up};
use support::payees::TUESDAY;
use support::payees::usd;
use support::payees::{Job, PAYOUTS, PROCESS};
use support::world::{COMPANY, World};

#[easy_ext::ext(PayoutOverlapsSteps)]
pub impl World {
    /// What the sweep does for payouts between payout days.
    async fn finish_payouts(&self) {
        let app = &self.service.app;
        let payouts = app.payouts(app.store().unwrap()).unwrap();
        payouts.finish(RunLimits::of_schedule()).await.unwrap();
    }
}

async fn overtaken_everywhere(place: fn(u64) -> At, pause: Duration) -> usize {
    for call in 1.. {
        let told = format!("held up at {:?} for {pause}", place(call));
        let world = World::start().await;
        world.add_payee(COMPANY, "user_p", "usd").await;
        world.add_debt("user_p", 500).await;
        let bookings = [
            world.add_job(&Job::of(&world, "user_p")).await,
            world.add_job(&Job::of(&world, "user_p")).await,
        ];
        let others = async {
            world.advance(pause);
            world.pay_day().await;
            world.pay_day().await;
        };
        let planned = world.now();
        let run = async {
            let response = world.service.fire("payouts", PAYOUTS, planned).await;
            assert_eq!(response.status(), StatusCode::OK);
        };
        let came = held_up(&world, place(call), run, others).await;
        for _ in 0..3 {
            world.advance(Duration::minutes(10));
            world.pay_day().await;
        }
        let mut amounts: Vec<i64> = world.transfers().iter().map(|transfer| transfer.amount).collect();
        amounts.sort_unstable();
        assert_eq!(amounts, [8_000, 8_500], "{told}");
        for booking in bookings {
            assert_eq!(world.booking_of(booking).await.status, BookingStatus::PaidOut, "{told}");
        }
        world.check_books(&told).await;
        assert_eq!(world.batch(TUESDAY).await["status"], "completed", "{told}");
        if !came {
            return call as usize;
        }
    }
    0
}

#[tokio::test]
async fn a_run_overtaken_at_any_of_its_requests_pays_once() {
    let mut runs = 0;
    // At once; after its claims on transfers have lapsed; after its claim on the professional has.
    for minutes in [0, 3, 10] {
        runs += overtaken_everywhere(At::Table, Duration::minutes(minutes)).await;
        runs += overtaken_everywhere(At::Provider, Duration::minutes(minutes)).await;
    }
    eprintln!("payouts overtaken: {runs} runs");
}

#[tokio::test]
async fn a_booking_that_is_disputed_at_any_moment_of_a_run_is_paid_once_the_dispute_is_won() {
    for call in 1.. {
        let world = World::start().await;
        world.add_payee(COMPANY, "user_p", "usd").await;
        let booking = world.add_job(&Job::of(&world, "user_p")).await;
        let dispute = |status| BookingFactKind::Disputed {
            dispute_id: "dp_1".to_owned(),
            payment_intent: None,
            status,
            money: usd(10_000),
        };
        let run = async {
            world.pay_day().await;
        };
        let begins = world.happens(booking, dispute(DisputeStatus::NeedsResponse));
        let came = held_up(&world, At::Table(call), run, begins).await;
        world.advance(Duration::hours(1));
        world.happens(booking, dispute(DisputeStatus::Won)).await;
        for _ in 0..2 {
            world.next_payout_morning();
            world.pay_day().await;
        }
        assert_eq!(world.transfers().len(), 1, "disputed at request {call}");
        world.check_books(&format!("disputed at request {call}")).await;
        if !came {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_of_the_schedule_and_of_people_at_once_pay_once() {
    for round in 0..10 {
        let world = Arc::new(World::start().await);
        let mut bookings = 0;
        for n in 0..6 {
            let professional = format!("user_{n}");
            world.add_payee(COMPANY, &professional, "usd").await;
            for _ in 0..1 + n % 3 {
                world.add_job(&Job::of(&world, &professional)).await;
                bookings += 1;
            }
        }
        let runs: Vec<_> = (0..4)
            .map(|n| {
                let world = world.clone();
                tokio::spawn(async move {
                    if n % 2 == 0 {
                        world.pay_day().await;
                    } else {
                        let body = Some(json!({"dry_run": false}));
                        world.as_role(Role::Provider, http::Method::POST, PROCESS, body).await.ok();
                    }
                })
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
        for _ in 0..3 {
            world.advance(Duration::minutes(10));
            world.pay_day().await;
        }
        assert_eq!(world.transfers().len(), bookings, "round {round}");
        world.check_books(&format!("round {round}")).await;
        let batch = world.batch(TUESDAY).await;
        assert_eq!((&batch["status"], &batch["counts"]["done"]), (&json!("completed"), &json!(bookings)));
    }
}

#[tokio::test]
async fn whatever_stripe_does_and_however_long_there_is_one_transfer_in_the_end() {
    let mut runs = 0;
    for kind in [
        "drop_before",
        "drop_after",
        "status:500",
        "error_after:500",
        "stored:500",
        "stored_after:500",
        "status:429",
        "status:409",
        "stored:400",
        "stored_after:400",
        "error_after:503",
    ] {
        for hours in [0, 22, 24, 49] {
            let told = format!("{kind} for {hours} hours");
            let world = World::start().await;
            world.add_payee(COMPANY, "user_p", "usd").await;
            world.add_debt("user_p", 500).await;
            let booking = world.add_job(&Job::of(&world, "user_p")).await;
            world.inject_stripe_fault(Operation::CreateTransfer, kind, None);
            world.pay_day().await;
            assert!(world.transfers().len() <= 1, "{told}");
            for _ in 0..hours {
                world.advance(Duration::hours(1));
                world.finish_payouts().await;
                assert!(world.transfers().len() <= 1, "{told}");
            }
            world.all_well();
            // The sweep of the next day, and three payout days.
            for _ in 0..25 {
                world.advance(Duration::hours(1));
                world.finish_payouts().await;
            }
            for _ in 0..3 {
                world.next_payout_morning();
                world.pay_day().await;
                world.advance(Duration::minutes(10));
                world.pay_day().await;
            }
            let transfers = world.transfers();
            assert_eq!((transfers.len(), transfers[0].amount), (1, 8_000), "{told}");
            assert_eq!(world.booking_of(booking).await.status, BookingStatus::PaidOut, "{told}");
            world.check_books(&told).await;
            runs += 1;
        }
    }
    eprintln!("payouts, Stripe's trouble over time: {runs} runs");
}
