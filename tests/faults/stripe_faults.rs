//! Errors of Stripe at the creation of a transfer, of each kind, for a moment and for days.
//!
//! A table of expected ends over the stand-in's own faults: in the harness an error concerns one call, and a day of
//! hourly runs would be too long to explore.

use chrono::Duration;
use shared::domain::marketplace::booking::BookingStatus;
use shared::payouts::RunLimits;
use stand_ins::fault::Operation;

use support::payees::Job;
use support::world::{COMPANY, World};

/// What the sweep does for payouts between payout days.
async fn finish_payouts(world: &World) {
    let app = &world.service.app;
    let payouts = app.payouts(app.store().unwrap()).unwrap();
    payouts.finish(RunLimits::of_schedule()).await.unwrap();
}

#[tokio::test]
async fn an_error_of_stripe_of_any_kind_and_length_ends_in_one_transfer() {
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
            let context = format!("{kind} for {hours} hours");
            let world = World::start().await;
            world.add_payee(COMPANY, "user_p", "usd").await;
            world.add_debt("user_p", 500).await;
            let booking = world.add_job(&Job::of(&world, "user_p")).await;
            world.inject_stripe_fault(Operation::CreateTransfer, kind, None);
            world.pay_day().await;
            assert!(world.transfers().len() <= 1, "{context}");
            for _ in 0..hours {
                world.advance(Duration::hours(1));
                finish_payouts(&world).await;
                assert!(world.transfers().len() <= 1, "{context}");
            }
            world.all_well();
            // The sweep of the next day, and three payout days.
            for _ in 0..25 {
                world.advance(Duration::hours(1));
                finish_payouts(&world).await;
            }
            for _ in 0..3 {
                world.next_payout_morning();
                world.pay_day().await;
                world.advance(Duration::minutes(10));
                world.pay_day().await;
            }
            let transfers = world.transfers();
            assert_eq!((transfers.len(), transfers[0].amount), (1, 8_000), "{context}");
            assert_eq!(world.booking_of(booking).await.status, BookingStatus::PaidOut, "{context}");
            world.check_books(&context).await;
            runs += 1;
        }
    }
    eprintln!("errors of Stripe over time: {runs} runs");
}
