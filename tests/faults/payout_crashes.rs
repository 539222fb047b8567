//! Trouble at every request of a payout run, one after the other, until a run finishes untouched.

use chrono::Duration;
use local::embedded::Failure;
use shared::domain::kernel::party::BookingId;
use shared::domain::marketplace::booking::BookingStatus;
use shared::domain::marketplace::payout::{BatchCounts, BatchId, BatchStatus};

use support::injected_fault::{FAULT_POINTS, FaultPoint, InjectedFault};
use support::payees::TUESDAY;
use support::payees::{Job, PAYOUTS};
use support::world::{COMPANY, World};

/// What is to be paid: two professionals, of whom one owes a little, and one share that the debt takes.
struct Scenario {
    world: World,
    /// Each booking with what is to be transferred for it.
    owed: Vec<(BookingId, i64)>,
}

impl Scenario {
    async fn large() -> Self {
        let world = World::start().await;
        for professional in ["user_p", "user_q"] {
            world.add_payee(COMPANY, professional, "usd").await;
        }
        world.add_debt("user_p", 1_000).await;
        let mut owed = Vec::new();
        for (hours, professional, price, amount) in [
            (60, "user_p", 500, 0),
            (59, "user_p", 2_000, 1_500),
            (58, "user_p", 700, 700),
            (57, "user_q", 900, 900),
        ] {
            let completed_at = world.now() - Duration::hours(hours);
            let job = Job { fee: 0, completed_at, ..Job::of(&world, professional).priced(price, "usd") };
            owed.push((world.add_job(&job).await, amount));
        }
        Self { world, owed }
    }

    async fn small() -> Self {
        let world = World::start().await;
        world.add_payee(COMPANY, "user_p", "usd").await;
        let owed = vec![(world.add_job(&Job::of(&world, "user_p")).await, 8_500)];
        Self { world, owed }
    }

    /// One run, whatever becomes of it.
    async fn run(&self) {
        self.world.service.fire("payouts", PAYOUTS, self.world.now()).await;
    }

    /// A new process over the same table, and the ticks of the next hour; how many had something to do.
    async fn recover(&mut self, told: &str) -> usize {
        self.world.restart().await;
        let mut busy = 0;
        for _ in 0..6 {
            self.world.advance(Duration::minutes(10));
            busy += usize::from(self.world.pay_day().await["due"] != 0);
        }
        assert!(busy <= 3, "{told}: {busy} ticks were needed");
        busy
    }

    /// Whatever happened on the way: everybody was paid once, and every cent is where it belongs.
    async fn check(&self, told: &str) {
        let transfers = self.world.transfers();
        for (booking, amount) in &self.owed {
            let of = |id: &BookingId| id.to_string();
            let made: Vec<i64> = transfers
                .iter()
                .filter(|transfer| transfer.metadata["booking_id"] == of(booking))
                .map(|transfer| transfer.amount)
                .collect();
            let expected: &[i64] = if *amount == 0 { &[] } else { &[*amount] };
            assert_eq!(made, expected, "{told}");
            let booking = self.world.booking_of(*booking).await;
            assert_eq!(booking.status, BookingStatus::PaidOut, "{told}");
            assert!(booking.anomalies.is_empty(), "{told}: {:?}", booking.anomalies);
        }
        self.world.check_books(told).await;
        for professional in ["user_p", "user_q"] {
            for word in ["owed", "carried"] {
                assert_eq!(self.world.balance(professional, "usd", word).await, 0, "{told}: {word}");
            }
        }
        let id = BatchId::parse(TUESDAY).unwrap();
        let batch = self.world.company(COMPANY).batch(id).await.unwrap().unwrap().record;
        assert_eq!(batch.status, BatchStatus::Completed, "{told}: {batch:?}");
        let settled = self.owed.iter().filter(|(_, amount)| *amount == 0).count() as u64;
        let transfers = self.owed.len() as u64 - settled;
        let counts = BatchCounts { transfers, done: transfers, settled, ..BatchCounts::default() };
        assert_eq!(batch.counts, counts, "{told}");
        let due = self.world.items("PAYEE#").await.iter().filter(|row| row.contains_key("due_at")).count();
        assert_eq!(due, 0, "{told}: nobody stays due");
    }
}

async fn strike_everywhere(trouble: FaultPoint) {
    let mut runs = 0;
    for call in 1.. {
        let told = format!("{trouble:?} at call {call}");
        let mut scenario = Scenario::large().await;
        let struck = InjectedFault::at(&scenario.world, trouble, call).during(scenario.run()).await;
        scenario.recover(&told).await;
        scenario.check(&told).await;
        runs += 1;
        if !struck {
            break;
        }
    }
    eprintln!("payouts, {trouble:?}: {runs} runs");
}

#[tokio::test]
async fn a_death_before_any_request_to_the_table_pays_once() {
    strike_everywhere(FaultPoint::DeathBefore).await;
}

#[tokio::test]
async fn a_death_after_any_request_to_the_table_pays_once() {
    strike_everywhere(FaultPoint::DeathAfter).await;
}

#[tokio::test]
async fn a_death_around_any_call_to_stripe_pays_once() {
    strike_everywhere(FaultPoint::DeathBeforeCall).await;
    strike_everywhere(FaultPoint::DeathAfterCall).await;
}

#[tokio::test]
async fn a_lost_answer_of_the_table_anywhere_pays_once() {
    strike_everywhere(FaultPoint::Lost(1)).await;
    strike_everywhere(FaultPoint::Lost(3)).await;
}

#[tokio::test]
async fn an_error_of_the_table_anywhere_pays_once() {
    assert_eq!(FAULT_POINTS.len(), 9, "each of them has its test here");
    strike_everywhere(FaultPoint::Error(Failure::Throttled, 1)).await;
    strike_everywhere(FaultPoint::Error(Failure::Internal, 3)).await;
    strike_everywhere(FaultPoint::Error(Failure::Conflict, 1)).await;
}

#[tokio::test]
async fn a_second_death_in_the_recovery_from_the_first_pays_once() {
    let mut runs = 0;
    for first in 1.. {
        let mut struck_once = false;
        for second in 1.. {
            let told = format!("death at call {first}, again at call {second} of the next run");
            let mut scenario = Scenario::small().await;
            struck_once = InjectedFault::death_at(&scenario.world, first).during(scenario.run()).await;
            scenario.world.restart().await;
            scenario.world.advance(Duration::minutes(10));
            let struck_twice = InjectedFault::death_at(&scenario.world, second).during(scenario.run()).await;
            scenario.recover(&told).await;
            scenario.check(&told).await;
            runs += 1;
            if !struck_twice {
                break;
            }
        }
        if !struck_once {
            break;
        }
    }
    eprintln!("payouts, pairs: {runs} runs");
}
