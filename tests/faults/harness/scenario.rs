//! What a job defines to run in the harness.

use std::pin::Pin;

use chrono::Duration;

use super::defect::Defect;
use super::invariant::{Invariant, Moment};
use super::rows::Rows;
use super::scheduler::ClockJump;
use support::exactly_once::LEASES;
use support::world::World;

/// A worker's run; returns its visible result.
pub type WorkerFuture = Pin<Box<dyn Future<Output = String> + Send>>;

/// Longer than any backoff.
const PAUSES: Duration = Duration::minutes(61);
/// The runs that suffice to finish all work.
const MAX_TICKS: u32 = 3;

/// The switches, where nobody turns one.
const SWITCHES: &[&str] = &["SWITCHES#ALL"];

/// The same, and the queue of professionals where there are none, so that it is only measured.
pub const SWITCHES_AND_PAYOUTS: &[&str] = &["SWITCHES#ALL", "payouts#"];

/// A prepared world, workers with their work, and the conditions that must hold.
///
/// `prepare` and `run_worker` must do the same each time they are called.
pub trait Scenario {
    fn name(&self) -> String;

    fn workers(&self) -> usize;

    /// Prepares a new world.
    async fn prepare(&self, world: &World);

    /// Runs a worker as its own process over that world.
    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture;

    /// The possible clock jumps: past every claim, unless a job has longer relevant times.
    fn clock_jumps(&self) -> &'static [ClockJump] {
        &[LEASES]
    }

    /// The time before the workers' rest is finished.
    fn pause(&self) -> ClockJump {
        PAUSES
    }

    /// Further times that pass after it, each with its work.
    fn further_pauses(&self) -> &'static [ClockJump] {
        &[]
    }

    /// Adds fault rules of the providers, which a copy of a prepared world does not have.
    fn add_fault_rules(&self, _world: &World) {}

    fn invariants(&self) -> Vec<Box<dyn Invariant>>;

    /// Repeats external requests that got no answer.
    async fn again(&self, _world: &World) {}

    /// One run of the job; returns the number of due rows.
    async fn tick(&self, world: &World) -> u64 {
        world.tick().await["due"].as_u64().unwrap()
    }

    /// The defects of every worker.
    fn defects(&self) -> &'static [Defect] {
        &[]
    }

    /// The ranges of the table whose queries decide nothing here, by the beginning of their names.
    fn unseen_ranges(&self) -> &'static [&'static str] {
        SWITCHES
    }

    /// Further conditions at the end.
    async fn at_rest(&self, _world: &World, _told: &str) {}
}

/// Finishes a run without workers: repeats external requests, lets time pass, runs the job a few times, and
/// checks everything.
pub async fn rest(scenario: &impl Scenario, invariants: &[Box<dyn Invariant>], world: &World, context: &str) {
    scenario.again(world).await;
    for pause in [&[scenario.pause()], scenario.further_pauses()].concat() {
        world.advance(pause);
        finish_due(scenario, world, context).await;
    }
    let rows = Rows::read(&world.service.dynamo);
    let moment = Moment::at_rest(&rows, world);
    for invariant in invariants {
        invariant.at_rest(&moment).unwrap_or_else(|problem| panic!("{context}\nat rest: {problem}"));
    }
    scenario.at_rest(world, context).await;
}

/// Runs the job until nothing is due.
async fn finish_due(scenario: &impl Scenario, world: &World, context: &str) {
    for ticks in 0.. {
        let due = scenario.tick(world).await;
        if due == 0 {
            return;
        }
        assert!(
            ticks < MAX_TICKS,
            "{context}\n{due} rows are due after {ticks} ticks: {:#?}",
            open_rows(world)
        );
        world.advance(LEASES);
    }
}

/// The due rows and the batches, to understand why something is still open.
fn open_rows(world: &World) -> Vec<String> {
    let rows = Rows::read(&world.service.dynamo);
    let due = rows.0.values().filter(|row| row.is_due(world.now()));
    due.chain(rows.of("BATCHES#")).map(ToString::to_string).collect()
}
