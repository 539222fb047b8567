//! An older copy of the table is restored after a payout day: the transfers that it does not contain are not made
//! again.

use local::service::TABLE;

use super::campaign::explored;
use super::explorer::ExploreLimits;
use super::invariant::Invariant;
use super::invariants::of_restored_money;
use super::payout_scenario::{Act, FORGOTTEN, Payouts};
use super::scenario::{Scenario, WorkerFuture};
use super::scheduler::ClockJump;
use support::world::World;

/// A payout day on a restored table whose transfers were all made before, so long ago that Stripe no longer
/// stores the keys.
#[derive(Debug, Clone)]
pub(super) struct Restored(Payouts);

impl Restored {
    /// One job, funded by the platform's balance, because Stripe refuses a second transfer from one charge.
    pub(super) fn of_one() -> Self {
        Self(Payouts { balance: Some(100_000), ..Payouts::of(&[1], &[Act::Tick]) })
    }
}

impl Scenario for Restored {
    fn name(&self) -> String {
        format!("restored, {}", self.0.name())
    }

    fn workers(&self) -> usize {
        self.0.workers()
    }

    async fn prepare(&self, world: &World) {
        self.0.prepare(world).await;
        let copy = world.service.dynamo.rows(TABLE);
        world.pay_day().await;
        assert_eq!(world.transfers().len(), self.0.jobs.iter().sum::<usize>(), "the earlier life paid");
        world.service.dynamo.restore_rows(TABLE, &copy);
        assert_eq!(world.service.dynamo.rows(TABLE).len(), copy.len());
        world.advance(FORGOTTEN);
        world.next_payout_morning();
    }

    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture {
        self.0.run_worker(worker, process)
    }

    fn clock_jumps(&self) -> &'static [ClockJump] {
        self.0.clock_jumps()
    }

    fn pause(&self) -> ClockJump {
        self.0.pause()
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        of_restored_money()
    }

    async fn again(&self, world: &World) {
        self.0.again(world).await;
    }

    async fn tick(&self, world: &World) -> u64 {
        self.0.tick(world).await
    }

    async fn at_rest(&self, world: &World, context: &str) {
        // The batches of the restored table do not count the earlier transfers.
        self.0.check_paid(world, context).await;
    }
}

#[test]
fn a_restored_table_pays_nobody_twice_wherever_a_tick_dies() {
    explored(&Restored::of_one(), ExploreLimits { deaths: 1, ..ExploreLimits::default() });
}
