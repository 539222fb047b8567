//! What a job brings along to be put through the harness.

use std::pin::Pin;

use chrono::Duration;

use super::defect::Defect;
use super::invariant::{Invariant, Moment};
use super::rows::Rows;
use super::scheduler::ClockJump;
use support::promise::LEASES;
use support::world::World;

/// What a worker does; in the end, what the outside has seen of it.
pub type WorkerFuture = Pin<Box<dyn Future<Output = String> + Send>>;

/// Longer than any pause after trouble.
const PAUSES: Duration = Duration::minutes(61);
/// So many ticks finish whatever was left.
const MAX_TICKS: u32 = 3;

/// A job at work: a prepared world, workers with their work, and what must hold.
///
/// `prepare` and `run_worker` must do the same each time they are called.
pub trait Scenario {
    fn name(&self) -> String;

    /// How many workers there are.
    fn workers(&self) -> usize;

    /// Makes a new world ready for the work.
    async fn prepare(&self, world: &World);

    /// What a worker does, as a process of its own over that world.
    fn run_worker(&self, worker: usize, process: World) -> WorkerFuture;

    /// How far the clock may jump at once: past every claim, unless a job has longer spans that matter.
    fn clock_jumps(&self) -> &'static [ClockJump] {
        &[LEASES]
    }

    /// How much time passes before somebody comes to finish what workers left.
    fn pause(&self) -> ClockJump {
        PAUSES
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>>;

    /// What the outside does again that has got no answer.
    async fn again(&self, _world: &World) {}

    /// One tick of the job; how much was due.
    async fn tick(&self, world: &World) -> u64 {
        world.tick().await["due"].as_u64().unwrap()
    }

    /// The mistakes that every worker makes.
    fn defects(&self) -> &'static [Defect] {
        &[]
    }

    /// What must hold in the end besides the invariants.
    async fn at_rest(&self, _world: &World, _told: &str) {}
}

/// After the workers have gone: the outside tries again, time passes, a few ticks finish what is left,
/// and everything is in order.
pub async fn rest(scenario: &impl Scenario, invariants: &[Box<dyn Invariant>], world: &World, told: &str) {
    scenario.again(world).await;
    world.advance(scenario.pause());
    for ticks in 0.. {
        let due = scenario.tick(world).await;
        if due == 0 {
            break;
        }
        assert!(ticks < MAX_TICKS, "{told}\n{due} rows are due after {ticks} ticks: {:#?}", due_rows(world));
        world.advance(LEASES);
    }
    let rows = Rows::read(&world.service.dynamo);
    let moment = Moment { before: &rows, after: &rows, actor: None, world };
    for invariant in invariants {
        invariant.at_rest(&moment).unwrap_or_else(|problem| panic!("{told}\nat rest: {problem}"));
    }
    scenario.at_rest(world, told).await;
}

/// What is due, for whoever has to understand why it still is.
fn due_rows(world: &World) -> Vec<String> {
    let rows = Rows::read(&world.service.dynamo);
    let due = rows.0.values().filter(|row| row.is_due(world.now()));
    due.map(ToString::to_string).collect()
}
